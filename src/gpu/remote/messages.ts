/** Messages from a backend to the device's thread, as plain data for structured clone. */
import {
  type ErrorCode,
  type ErrorFields,
  internalError,
  isTerrachipError,
  messageOf,
  TerrachipError,
} from '../../errors.js';
import type { TypedArray } from '../../geo/index.js';
import type { BackendCounters, BackendInfo, BackendLimits } from '../backend.js';
import type { Grid, KernelShader } from '../kernel.js';
import type { TensorDtype } from '../tensor.js';

/** Commands take effect in the order of posting. The sender numbers the tensors. */
export type BackendCommand =
  | {
      readonly op: 'allocate';
      readonly tensor: number;
      readonly shape: readonly number[];
      dtype: TensorDtype;
    }
  | { readonly op: 'upload'; readonly tensor: number; readonly shape: readonly number[]; data: TypedArray }
  | { readonly op: 'write'; readonly tensor: number; readonly data: TypedArray; readonly offset: number }
  | {
      readonly op: 'copy';
      readonly from: number;
      readonly fromOffset: number;
      readonly to: number;
      readonly toOffset: number;
      readonly length: number;
    }
  /** A shader is sent once under a number, before its first `run`. */
  | { readonly op: 'shader'; readonly number: number; readonly shader: KernelShader }
  | {
      readonly op: 'run';
      readonly shader: number;
      readonly grid: Grid;
      /** Null for an omitted optional binding. */
      readonly tensors: Readonly<Record<string, number | null>>;
      readonly parameters: Readonly<Record<string, number>>;
    }
  | { readonly op: 'release'; readonly tensor: number };

/** Commands with an answer. */
export type BackendQuestion =
  | { readonly op: 'submit' }
  | { readonly op: 'download'; readonly tensor: number; readonly dtype: TensorDtype };

/** Every answer has the device's counters so far. */
export interface BackendAnswer {
  readonly counters: BackendCounters;
  /** The values of a `download`. */
  readonly data?: TypedArray;
}

/** The `READY` reply of the device's thread. */
export interface DeviceDescription {
  readonly info: BackendInfo;
  readonly limits: BackendLimits;
}

/** An error as plain data: structured clones of errors lose their fields. */
export interface ErrorMessage {
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly remedy: string;
  readonly fields: ErrorFields[ErrorCode] | null;
}

export function describeError(error: unknown): ErrorMessage {
  const message = messageOf(error);
  if (!isTerrachipError(error)) return { code: null, message, remedy: '', fields: null };
  const { code, remedy, fields } = error;
  return { code, message, remedy, fields };
}

/** The inverse of `describeError`, in the other thread. */
export function restoreError({ code, message, remedy, fields }: ErrorMessage): Error {
  if (code === null || fields === null) return internalError('the device’s thread', message);
  return new TerrachipError(code, message.slice(0, message.length - `; ${remedy}.`.length), remedy, fields);
}
