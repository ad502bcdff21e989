import { type ErrorMessage, restoreError } from './messages.js';

/** A message to the device's thread; `question` is its number if it expects an answer. */
export interface Envelope<Message> {
  readonly message: Message;
  readonly question: number | null;
}

/** The result of a question, or its error. */
export type Reply =
  | { readonly question: number; readonly ok: true; readonly result: unknown }
  | { readonly question: number; readonly ok: false; readonly error: ErrorMessage };

/** The number of the reply that the other side sends by itself when it is ready. */
export const READY = -1;

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** The client of a channel between two threads: numbers questions and matches replies. */
export class Caller<Message, Question extends Message> {
  readonly #send: (envelope: Envelope<Message>, transfer: readonly ArrayBuffer[]) => void;
  readonly #pending = new Map<number, Pending>();
  #questions = 0;
  #failure: Error | null = null;

  constructor(send: (envelope: Envelope<Message>, transfer: readonly ArrayBuffer[]) => void) {
    this.#send = send;
  }

  /** Why the channel is closed; null while it is open. */
  get failure(): Error | null {
    return this.#failure;
  }

  post(message: Message, transfer: readonly ArrayBuffer[] = []): void {
    if (this.#failure !== null) throw this.#failure;
    this.#send({ message, question: null }, transfer);
  }

  ask<Result>(message: Question, transfer: readonly ArrayBuffer[] = []): Promise<Result> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const question = this.#questions++;
    const answer = this.#await<Result>(question);
    this.#send({ message, question }, transfer);
    return answer;
  }

  /** The reply of the other side when it is ready. */
  ready<Result>(): Promise<Result> {
    return this.#await<Result>(READY);
  }

  /** Handles a reply. A failed `READY` closes the channel. */
  receive(reply: Reply): void {
    if (reply.question === READY && !reply.ok) {
      this.fail(restoreError(reply.error));
      return;
    }
    const pending = this.#pending.get(reply.question);
    this.#pending.delete(reply.question);
    if (reply.ok) pending?.resolve(reply.result);
    else pending?.reject(restoreError(reply.error));
  }

  /** Closes the channel: rejects all pending and future questions. */
  fail(error: Error): void {
    this.#failure ??= error;
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of waiting) reject(this.#failure);
  }

  #await<Result>(question: number): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.#pending.set(question, { resolve: resolve as (result: unknown) => void, reject });
    });
  }
}
