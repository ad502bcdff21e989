/** Access to addresses that need more than their URL: signatures, tokens, and the schemes of object stores. */

/** The request by which a URL is read now. */
export interface Authorized {
  /** An `http:` or `https:` address, which may hold a signature. It is never shown or stored. */
  readonly url: string;
  /** Headers that go to the server of `url` only, never across a redirect to another one. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A request to authorise. */
export interface AccessRequest {
  /** The address as it was given, such as `s3://bucket/key`; without user and password. */
  readonly url: string;
  readonly method: string;
  /** The headers that will be sent, with lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  /** True when the server refused the last answer of this access (400, 401, 403, or a 301 that names no address). */
  readonly refresh: boolean;
  /** With `refresh`, the refused answer of this access; another request may have renewed it already. */
  readonly refused?: Authorized | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Authorises requests to some addresses. Called once for each request, and once more after a refusal. */
export interface Access {
  /** Null for other addresses, and on `refresh` if there is nothing newer: the refusal is then final. */
  authorize(request: AccessRequest): Promise<Authorized | null>;
}

/** Calls one after another; the first answer that is not null is used. */
export function combineAccess(...parts: readonly Access[]): Access {
  return {
    async authorize(request) {
      for (const part of parts) {
        const authorized = await part.authorize(request);
        if (authorized !== null) return authorized;
      }
      return null;
    },
  };
}

let ofProcess: Access = combineAccess();

/** Sets the access of all requests that do not give one. */
export function setDefaultAccess(access: Access): void {
  ofProcess = access;
}

/** The access that `setDefaultAccess` set; before that, one that authorises nothing. */
export function defaultAccess(): Access {
  return ofProcess;
}
