/**
 * `--break WHERE --show …`: places at which a run prints what it sees and goes on. The debugger's core, without an editor.
 */
import {
  findFunctions,
  findLine,
  functionMeant,
  knowsFile,
  type FoundPlace,
} from '../debug-adapter/breakpoints/places.ts';
import { Threads } from '../debug-adapter/call-stack/threads.ts';
import { hex, listHeap, listRegisters, listStack, type Listed } from '../debug-adapter/console/listings.ts';
import { detectGuestOs } from '../debug-adapter/kernel/detect.ts';
import { ImageSet, loadImage, type Image } from '../debug-adapter/launch/images.ts';
import { targetOf } from '../debug-adapter/target/emulator-target.ts';
import type { Machine, MachineOptions } from '../emulator/machine/machine.ts';
import { failure, success, type Result } from '../emulator/result.ts';
import type { Showable } from './options.ts';
import { note, thousands } from './report.ts';

const RANGES_SHOWN_MAX = 200;

export interface BreakRequest {
  /** Function names, `file:line`, or linear addresses as `0x…`. */
  readonly where: readonly string[];
  readonly show: readonly Showable[];
}

/** Text about the stop the machine stands at, for the probes that matched; empty where the hit is another program's. */
export type PrintStop = (probes: readonly number[]) => string;

/** Sets the places. @param recipe the files the machine was made from, for their debug information */
export function setBreaks(machine: Machine, recipe: MachineOptions, request: BreakRequest): Result<PrintStop> {
  const images = loadImages(recipe);
  if (!images.ok) return images;
  const target = targetOf(machine);
  const os = detectGuestOs(images.value, target);
  const places = new Map<number, { where: string; image: Image | undefined }>();
  for (const where of request.where) {
    const found = findPlaces(images.value.all(), where);
    if (!found.ok) return found;
    for (const { image, linked } of found.value) places.set(target.addProbe(linked, undefined), { where, image });
  }
  return success((probes) => {
    const here = os.imageAt(target.space, target.readRegister('eip'))?.image;
    const hit = probes.map((id) => places.get(id)).find((place) => place && (!place.image || place.image === here));
    if (!hit) return '';
    const lines = [`stop at ${hit.where} after ${thousands(target.instructionCount)} instructions`];
    const listed = { target, os, images: images.value, threads: new Threads(target, os) };
    for (const what of request.show) lines.push(...SHOW[what](listed).map((line) => `  ${line}`));
    return note(lines.join('\n'));
  });
}

function loadImages(recipe: MachineOptions): Result<ImageSet> {
  const kernel = loadImage('kernel', 'kernel', recipe.kernelName ?? 'kernel', recipe.kernel);
  if (!kernel.ok) return kernel;
  const programs: Image[] = [];
  for (const { name, bytes } of recipe.modules ?? []) {
    // A module may be any file: only programs can be looked into.
    const image = loadImage(name, 'program', name, bytes);
    if (image.ok) programs.push(image.value);
  }
  return success(new ImageSet(kernel.value, programs));
}

function findPlaces(
  images: readonly Image[],
  where: string,
): Result<readonly (FoundPlace | { image: undefined; linked: number })[]> {
  if (/^0x[0-9a-f]{1,8}$/i.test(where)) return success([{ image: undefined, linked: Number(where) }]);
  const [, file, line] = /^(.+):(\d+)$/.exec(where) ?? [];
  const isLine = file !== undefined && knowsFile(images, file);
  const found = isLine ? findLine(images, file, Number(line)) : findFunctions(images, where);
  if (found.length > 0) return success(found);
  if (isLine) {
    return failure('unknown-place', {
      cause: `There is no code at or after line ${line!} of ${file}.`,
      remedy: 'Choose an earlier line.',
    });
  }
  const meant = functionMeant(images, where);
  return failure('unknown-place', {
    cause: `No image of this run has a function, file and line, or address "${where}".`,
    remedy:
      `${meant}${meant && ' '}Write a function such as sys_page_alloc or kernel!sys_page_alloc, a line such as page.rs:20, ` +
      'or an address such as 0xf0100000.',
  });
}

const SHOW: { readonly [What in Showable]: (listed: Listed) => string[] } = {
  stack: (listed) => listStack(listed, listed.threads.currentId()),
  registers: listRegisters,
  heap: (listed) => listHeap(listed, listed.threads.currentId()),
  pages: showPages,
};

function showPages({ target, os }: Listed): string[] {
  const ranges = target.mappedRanges(target.space, 0, 2 ** 32, RANGES_SHOWN_MAX);
  if (ranges.length === 0) return ['pages: paging is off'];
  return ranges.map((range) => {
    const end = range.start + range.sizeBytes - 1;
    const region = os.regionAt(target.space, range.start) ?? '';
    return `${hex(range.start)}-${hex(end)} -> ${hex(range.physical)} ${range.flags.padEnd(12)} ${region}`.trimEnd();
  });
}
