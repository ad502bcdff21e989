import { type ErrorMessage, restoreError } from './messages.js';

/** A message on its way to the device's thread; with a number where an answer is awaited. */
export interface Envelope<Message> {
  readonly message: Message;
  readonly question: number | null;
}

/** The answer to a question: its result, or why there is none. */
export type Reply =
  | { readonly question: number; readonly ok: true; readonly result: unknown }
  | { readonly question: number; readonly ok: false; readonly error: ErrorMessage };

/** The question that nobody asks: its answer is what the other side says of itself when it is ready. */
export const READY = -1;

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** The asking side of a channel between two threads: numbers its questions and finds their answers. */
export class Caller<Message, Question extends Message> {
  readonly #send: (envelope: Envelope<Message>, transfer: readonly ArrayBuffer[]) => void;
  readonly #pending = new Map<number, Pending>();
  #questions = 0;
  #failure: Error | null = null;

  constructor(send: (envelope: Envelope<Message>, transfer: readonly ArrayBuffer[]) => void) {
    this.#send = send;
  }

  /** Why nothing can be asked any more; null while the other side lives. */
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

  /** What the other side says of itself when it is ready. */
  ready<Result>(): Promise<Result> {
    return this.#await<Result>(READY);
  }

  /** Takes an answer; that the other side is not ready, or no longer, ends it all. */
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

  /** The other side is gone: all that waits fails, and so does whatever is asked from now on. */
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
