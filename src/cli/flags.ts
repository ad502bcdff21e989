/** Errors and warnings name options as the API spells them; a terminal shows them as the flags of its command. */
import type { Command } from 'commander';

/** Flags that are not the name of the option in kebab case. The first that a command has is meant. */
const OTHER_FLAGS: Readonly<Record<string, readonly string[]>> = {
  batchSize: ['--batch'],
  bands: ['--band'],
  bigTiff: ['--bigtiff'],
  composite: ['--index'],
  compression: ['--compress'],
  crs: ['--source-crs', '--bbox-crs'],
  filenameRegex: ['--regex'],
  inputs: ['--input'],
  resolution: ['--res'],
  rowsPerUnit: ['--unit-rows'],
  sourceUnits: ['--units'],
};

/** A message in the words of a command. @param option what the message begins with, in an error about an option */
export type Rephrase = (message: string, option?: string) => string;

/**
 * Writes flags for the options that a message names in backticks, and for those that it begins with. Names that are no
 * flag of the command, or else of another one, stay as they are.
 */
export function inFlagsOf(command: Command): Rephrase {
  const own = flagsOf(command);
  const all = everyCommand(command).flatMap(flagsOf);
  const flag = (name: string, known = all): string | undefined => {
    const flags = [...(OTHER_FLAGS[name] ?? []), flagOf(name)];
    return flags.find((each) => own.includes(each)) ?? flags.find((each) => known.includes(each));
  };
  return (message, option = '') => {
    const start = message.startsWith(`${option} `) ? option : '';
    return (
      start.replace(/(?<![\w.-])\w+(?![\w.[])/g, (name) => flag(name, own) ?? name) +
      message.slice(start.length).replace(/`(\w+)`/g, (text, name: string) => flag(name) ?? text)
    );
  };
}

/** `--max-pixels` of `maxPixels`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function flagsOf({ options }: Command): string[] {
  return options.flatMap(({ long }) => long ?? []);
}

/** All commands of the program that a command belongs to. */
function everyCommand(command: Command): Command[] {
  const below = (each: Command): Command[] => [each, ...each.commands.flatMap(below)];
  return command.parent === null ? below(command) : everyCommand(command.parent);
}
