/** Option values shared by the commands: parsed where commander reads them, refused with what would be right. */
import { InvalidArgumentError } from 'commander';

const SUFFIX: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 };

/** `5000000`, `5_000_000`, `5M`, `2.5G`. */
export function parseInstructions(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([kmg]?)$/i.exec(text.replaceAll('_', ''));
  const value = match ? Math.round(Number(match[1]) * SUFFIX[match[2].toLowerCase()]) : NaN;
  if (!(value >= 1 && value <= Number.MAX_SAFE_INTEGER))
    throw new InvalidArgumentError('Give a number of instructions, such as 5000000, 5M or 2G.');
  return value;
}

/** MiB, as QEMU's -m. */
export function parseMemory(text: string): number {
  const value = /^\d+(M|MiB)?$/i.test(text) ? Number.parseInt(text, 10) : NaN;
  if (!(value >= 2 && value <= 1024)) throw new InvalidArgumentError('Give 2 to 1024 MiB.');
  return value;
}

export const SHOWABLE = ['stack', 'registers', 'heap', 'pages'] as const;
export type Showable = (typeof SHOWABLE)[number];

export function parseShow(text: string): Showable[] {
  const words = text.split(',').filter((word) => word !== '');
  for (const word of words) {
    if (!SHOWABLE.some((known) => known === word))
      throw new InvalidArgumentError(`"${word}" cannot be shown. Known are ${SHOWABLE.join(', ')}.`);
  }
  return words as Showable[];
}

export function parsePort(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(value >= 0 && value <= 65535)) throw new InvalidArgumentError('Give a TCP port, 0 to 65535.');
  return value;
}

/** For options that may be given several times. */
export const collect = (value: string, previous: readonly string[] = []): string[] => [...previous, value];
