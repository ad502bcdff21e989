/** The web server of a view: for clients on this machine that know its token. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { codeOf, invalidOption, isTerrachipError, messageOf, type TerrachipError } from '../../errors.js';
import { Resource } from '../../resource.js';
import { answer, type Routes } from './routes.js';

/** The only address that is listened on. */
const LOOPBACK = '127.0.0.1';

/** Connections at a time; a browser opens about six. */
const MOST_CONNECTIONS = 64;

/** The headers of every answer. */
const HEADERS = {
  // Modules of WebAssembly decode pixels, and Leaflet moves its panes by styles of elements, which need no exception.
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
} as const;

/** A running server. */
export class ViewServer extends Resource {
  /** With the token. */
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, url: string) {
    super();
    this.#server = server;
    this.url = url;
  }

  /**
   * @param port 0 for any that is free
   * @throws {TerrachipError} INVALID_OPTION for a port that is taken or not allowed
   */
  static async start(routes: Routes, port: number): Promise<ViewServer> {
    const token = randomBytes(18).toString('base64url');
    const server = createServer(
      (request, response) => void respond(server, routes, token, request, response),
    );
    server.maxConnections = MOST_CONNECTIONS;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => reject(portError(port, cause)));
      server.listen(port, LOOPBACK, resolve);
    });
    return new ViewServer(server, `http://${LOOPBACK}:${portOf(server)}/${token}/`);
  }

  /** Ends all connections. */
  async dispose(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function portError(port: number, cause: unknown): TerrachipError {
  const code = codeOf(cause);
  const problems: Readonly<Record<string, string>> = {
    EADDRINUSE: 'is taken by another program',
    EACCES: 'is reserved for programs of the system',
  };
  const problem = problems[code] ?? `cannot be listened on (${messageOf(cause)})`;
  return invalidOption('port', `${port} ${problem}`, 'choose another, or 0 for any that is free');
}

/** Checks a request, and answers it. */
async function respond(
  server: Server,
  routes: Routes,
  token: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  const gone = new AbortController();
  response.on('close', () => gone.abort(new Error('the browser went away')));
  try {
    const path = allowedPath(server, token, request);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return sendError(response, 405, 'only GET and HEAD are answered');
    }
    if (path === null) return sendError(response, 403, 'open the address that terrachip view printed');
    await answer(routes, path, request, response, gone.signal);
  } catch (error) {
    if (response.headersSent) response.destroy();
    else if (!gone.signal.aborted) sendError(response, statusOf(error), textOf(error));
  }
}

/**
 * The path and query after the token; null for a request that may not be answered. The host must be this server: with DNS
 * rebinding, a page of another site sends its own host.
 */
function allowedPath(server: Server, token: string, request: IncomingMessage): string | null {
  const port = portOf(server);
  const hosts = [LOOPBACK, 'localhost'].map((name) => `${name}:${port}`);
  if (!hosts.includes(request.headers.host ?? '')) return null;
  const [, given = '', path = null] = /^\/([^/?#]*)\/(.*)$/s.exec(request.url ?? '') ?? [];
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b) ? path : null;
}

/** Statuses of errors; others are 500. */
const STATUS: Readonly<Record<string, number>> = {
  INVALID_INPUT: 422,
  INVALID_OPTION: 400,
  NOT_FOUND: 404,
  TOO_LARGE: 413,
  UNSUPPORTED: 422,
  MISSING_DEPENDENCY: 422,
  BUSY: 503,
};

function statusOf(error: unknown): number {
  if (!isTerrachipError(error)) return 500;
  // The server of the file failed: the page should not repeat the request.
  return error.code === 'NETWORK' ? 424 : (STATUS[error.code] ?? 500);
}

function textOf(error: unknown): string {
  return isTerrachipError(error) ? error.message : `unexpected: ${messageOf(error)}`;
}

function sendError(response: ServerResponse, status: number, message: string): void {
  response.statusCode = status;
  if (status === 503) response.setHeader('Retry-After', '1');
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.end(JSON.stringify({ message }));
}
