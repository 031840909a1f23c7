/**
 * The comparison as a picture, docs/benchmarks-cpu.svg: per case a bar for each engine, from QEMU TCG's time, which is 1,
 * to the left where it is faster and to the right where it is slower, on a logarithmic scale. Scalable Vector Graphics
 * 1.1; the colours follow the reader's light or dark scheme (Media Queries Level 5, `prefers-color-scheme`), and so does a
 * background of its own, since the page around it may be of the other.
 */
import type { Entry } from '../history.ts';
import { CASES } from './cases.ts';
import { geometricMean, ratioOf, ratiosOf, type EngineName } from './ratios.ts';

const BARS: readonly { readonly name: EngineName; readonly label: string }[] = [
  { name: 'ringside', label: 'Ringside' },
  { name: 'icount', label: 'QEMU -icount' },
  { name: 'v86', label: 'v86' },
];

const WIDTH = 760;
const LEFT = 110;
const RIGHT = 40;
const TOP = 64;
const BAR = 11;
const ROW = BARS.length * BAR + 8;
/** Powers of two at the ends of the scale; what lies beyond is cut off there, with its number beside it. */
const SCALE = [-3, 4] as const;

const STYLE = `
  .page { fill: #ffffff; }
  text { font: 12px system-ui, sans-serif; fill: #1f2328; }
  .small { font-size: 10px; fill: #59636e; }
  .grid { stroke: #d1d9e0; } .one { stroke: #59636e; stroke-width: 1.5; }
  .ringside { fill: #0969da; } .icount { fill: #8c959f; } .v86 { fill: #d4853b; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; }
    text { fill: #e6edf3; } .small { fill: #9198a1; }
    .grid { stroke: #3d444d; } .one { stroke: #9198a1; }
    .ringside { fill: #58a6ff; } .icount { fill: #8b949e; } .v86 { fill: #e3a35f; }
  }`;

const x = (ratio: number): number => {
  const [low, high] = SCALE;
  const place = (Math.min(high, Math.max(low, Math.log2(ratio))) - low) / (high - low);
  return LEFT + place * (WIDTH - LEFT - RIGHT);
};
const round = (value: number): string => String(Math.round(value * 10) / 10);
const text = (at: number, y: number, words: string, rest = ''): string =>
  `<text x="${round(at)}" y="${round(y)}"${rest}>${words}</text>`;

export function chart({ results, commit }: Entry): string {
  const rows: { label: string; ratio: (engine: EngineName) => number | undefined }[] = CASES.map(({ name }) => ({
    label: name,
    ratio: (engine) => ratioOf(results, name, engine, 'tcg'),
  }));
  rows.push({
    label: 'mean',
    ratio: (engine) => {
      const ratios = ratiosOf(results, engine, 'tcg').map(({ value }) => value);
      return ratios.length === 0 ? undefined : geometricMean(ratios);
    },
  });
  const bottom = TOP + rows.length * ROW;
  const marks = Array.from({ length: SCALE[1] - SCALE[0] + 1 }, (_, i) => SCALE[0] + i);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 12}" width="${WIDTH}" height="${bottom + 12}" role="img">`,
    `<!-- By test/bench/cpu/chart.ts, as docs/benchmarks.md is; commit ${commit}. -->`,
    '<title>Processor time of each workload relative to QEMU TCG</title>',
    `<style>${STYLE}\n</style>`,
    '<rect class="page" width="100%" height="100%"/>',
    text(LEFT, 18, 'Processor time; QEMU TCG is 1. To the left of it is faster.'),
    ...BARS.flatMap(({ name, label }, i) => [
      `<rect class="${name}" x="${LEFT + i * 120}" y="26" width="10" height="10"/>`,
      text(LEFT + i * 120 + 15, 35, label),
    ]),
    ...marks.flatMap((mark) => [
      `<path class="${mark === 0 ? 'one' : 'grid'}" d="M${round(x(2 ** mark))} ${TOP - 6}V${bottom}"/>`,
      text(
        x(2 ** mark),
        TOP - 10,
        mark < 0 ? `1/${2 ** -mark}` : String(2 ** mark),
        ' class="small" text-anchor="middle"',
      ),
    ]),
    ...rows.flatMap(({ label, ratio }, row) => bars(TOP + row * ROW, label, ratio)),
    '</svg>',
    '',
  ].join('\n');
}

function bars(top: number, label: string, ratio: (engine: EngineName) => number | undefined): string[] {
  const middle = top + (BARS.length * BAR) / 2 + 4;
  return [
    text(LEFT - 8, middle, label, ' text-anchor="end"'),
    ...BARS.flatMap(({ name }, i) => {
      const value = ratio(name);
      if (value === undefined) return [];
      const [from, to] = [x(Math.min(1, value)), x(Math.max(1, value))];
      const y = top + i * BAR;
      const beyond = value > 1;
      return [
        `<rect class="${name}" x="${round(from)}" y="${y}" width="${round(Math.max(1, to - from))}" height="${BAR - 1}"/>`,
        text(
          beyond ? to + 3 : from - 3,
          y + BAR - 2,
          value.toFixed(2),
          ` class="small"${beyond ? '' : ' text-anchor="end"'}`,
        ),
      ];
    }),
  ];
}
