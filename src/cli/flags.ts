/** Errors and warnings name options as in the API; the command line shows them as flags. */
import type { Command } from 'commander';

/** Other names of options in parts of the library. The first one that a command has is used. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  bands: ['band'],
  composite: ['index'],
  crs: ['sourceCrs', 'bboxCrs'],
  grid: ['like'],
  select: ['datetime'],
  sourceUnits: ['units'],
  statistic: ['plotStatistic'],
};

/** Rewords a message for a command. @param option the option that the message begins with, in an error about an option */
export type Rephrase = (message: string, option?: string) => string;

/**
 * Replaces options by flags: those that a message names in backticks, and those that it begins with. Names that are not an
 * option of this command or of another one are not replaced.
 */
export function inFlagsOf(command: Command): Rephrase {
  const own = flagsOf([command]);
  const all = flagsOf(everyCommand(command));
  const flag = (name: string, known = all): string | undefined => {
    const names = [...(ALIASES[name] ?? []), name];
    const options = [own, known].flatMap((flags) => names.map((each) => flags.get(each)));
    return options.find((each) => each !== undefined);
  };
  return (message, option = '') => {
    const start = message.startsWith(`${option} `) ? option : '';
    return (
      start.replace(/(?<![\w.-])\w+(?![\w.[])/g, (name) => flag(name, own) ?? name) +
      message.slice(start.length).replace(/`(\w+)`/g, (text, name: string) => flag(name) ?? text)
    );
  };
}

/** The long flags of all options of commands, by name. */
function flagsOf(commands: readonly Command[]): Map<string, string> {
  const options = commands.flatMap((command) => command.options);
  return new Map(options.map((each) => [each.attributeName(), each.long ?? each.flags]));
}

/** All commands of the program that a command belongs to. */
function everyCommand(command: Command): Command[] {
  const below = (each: Command): Command[] => [each, ...each.commands.flatMap(below)];
  return command.parent === null ? below(command) : everyCommand(command.parent);
}
