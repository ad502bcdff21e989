/**
 * Builds commands from tables of their options and arguments. A table maps the workflow's name of a parameter to its flags,
 * help and parser.
 */
import { Command, Option } from 'commander';
import type { OperationOptions } from '../progress.js';
import { type Parse, parseNumber, parseText, requireLength } from './arguments.js';
import type { Output } from './output.js';

/** Arguments of the job of a command, besides its values. */
export interface CommandContext extends Required<OperationOptions> {
  readonly output: Output;
}

/** Runs a command with its output and a signal that Ctrl-C aborts. */
export type Run = (command: Command, task: (context: CommandContext) => Promise<void>) => Promise<void>;

/** An option or an argument of a command. */
export interface Parameter<T, Always extends boolean = boolean> {
  /** `-o, --output <file>` for an option, `<file>` for an argument; `...` for several values. */
  readonly flags: string;
  readonly help: string;
  /** @param given a text, several texts, or true @param name the flag or argument, for errors */
  readonly read: (given: unknown, name: string) => T;
  /** Whether there is always a value. */
  readonly always: Always;
  /** The text that is parsed if none is given. */
  readonly initial?: string;
}

type Optional<T> = Parameter<T, false>;

/** A switch without a value. */
export function flag(flags: string, help: string): Optional<boolean> {
  return { flags, help, always: false, read: (given) => given === true };
}

export function option(flags: string, help: string): Optional<string>;
export function option<T>(flags: string, help: string, parse: Parse<T>): Optional<T>;
export function option(flags: string, help: string, parse: Parse<unknown> = parseText): Optional<unknown> {
  return { flags, help, always: false, read: (given, name) => parse(String(given), name) };
}

/** An option with several values. */
export function list(flags: string, help: string): Optional<string[]>;
export function list<T>(flags: string, help: string, parse: Parse<T>): Optional<T[]>;
export function list(flags: string, help: string, parse: Parse<unknown> = parseText): Optional<unknown[]> {
  return {
    flags,
    help,
    always: false,
    read: (given, name) => [given].flat().map((text) => parse(String(text), name)),
  };
}

/** An option with two values. */
export function pair<T>(flags: string, help: string, parse: Parse<T>): Optional<readonly [T, T]> {
  return converted(list(flags, help, parse), (values, name) => {
    const [first, second] = requireLength(name, values, 2);
    return [first, second];
  });
}

/** An option with the edges of a box. */
export function box(flags: string, help: string): Optional<readonly [number, number, number, number]> {
  return converted(list(flags, help, parseNumber), (values, name) => {
    const [x0, y0, x1, y1] = requireLength(name, values, 4);
    return [x0, y0, x1, y1];
  });
}

export function argument(name: string, help: string): Parameter<string, true> {
  return required(option(name, help));
}

/** An argument with one or more values. */
export function argumentList(name: string, help: string): Parameter<string[], true> {
  return required(list(name, help));
}

export function required<T>(parameter: Optional<T>): Parameter<T, true> {
  return { ...parameter, always: true };
}

/** @param initial the text that is parsed if none is given */
export function withDefault<T>(initial: string, parameter: Optional<T>): Parameter<T, true> {
  return { ...parameter, always: true, initial };
}

export function converted<T, U>(parameter: Optional<T>, convert: (value: T, name: string) => U): Optional<U> {
  return { ...parameter, read: (given, name) => convert(parameter.read(given, name), name) };
}

/** Parameters by the workflow's name. */
export type Table = Readonly<Record<string, Parameter<unknown>>>;

/** The values of a table. */
export type Values<T extends Table> = {
  readonly [Name in keyof T]: T[Name] extends Parameter<infer Value, infer Always>
    ? Always extends true
      ? Value
      : Value | undefined
    : never;
};

/** An option whose value has the workflow's name. */
class NamedOption extends Option {
  readonly #name: string;

  constructor(name: string, { flags, help, always, initial }: Parameter<unknown>) {
    super(flags, help);
    this.#name = name;
    this.mandatory = always;
    this.defaultValue = initial;
  }

  override attributeName(): string {
    return this.#name;
  }
}

/** Help of a command besides its table. */
export interface Help {
  /** Text after the list of options. */
  readonly after?: string;
  /** Options under a separate heading. */
  readonly apart?: { readonly heading: string; readonly table: Table };
}

/** @returns a function that makes the command */
export function defineCommand<const T extends Table>(
  name: string,
  description: string,
  table: T,
  job: (values: Values<T>, context: CommandContext) => Promise<void>,
  { after = '', apart }: Help = {},
): (run: Run) => Command {
  return (run) => {
    const command = new Command(name).description(description).addHelpText('after', after);
    for (const [key, parameter] of Object.entries(table)) {
      if (parameter.flags.startsWith('-')) {
        const added = new NamedOption(key, parameter);
        if (apart !== undefined && Object.hasOwn(apart.table, key)) added.helpGroup(apart.heading);
        command.addOption(added);
      } else command.argument(parameter.flags, parameter.help);
    }
    return command.action(() => run(command, (context) => job(valuesOf(command, table), context)));
  };
}

/** A command that only has commands below it. */
export function defineGroup(
  name: string,
  description: string,
  ...members: readonly ((run: Run) => Command)[]
): (run: Run) => Command {
  return (run) => {
    const group = new Command(name).description(description);
    for (const member of members) group.addCommand(member(run));
    return group;
  };
}

function valuesOf<T extends Table>(command: Command, table: T): Values<T> {
  const given = [...command.processedArgs];
  const values = Object.entries(table).map(([name, { flags, read, initial }]) => {
    const isOption = flags.startsWith('-');
    // Commander sets a switch such as --no-polygons to true if it is not given.
    const isUnset = initial === undefined && command.getOptionValueSource(name) === 'default';
    const value: unknown = !isOption ? given.shift() : isUnset ? undefined : command.getOptionValue(name);
    const shown = isOption ? longFlag(flags) : flags.replace(/[<>.]/g, '');
    return [name, value === undefined ? undefined : read(value, shown)];
  });
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

/** `--output` of `-o, --output <file>`. */
export function longFlag(flags: string): string {
  return /--[\w-]+/.exec(flags)?.[0] ?? flags;
}
