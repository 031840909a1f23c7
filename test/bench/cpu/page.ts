/** The comparison as it stands in docs/benchmarks.md: the targets, the picture, and a row a case. */
import { lines, type Entry } from '../history.ts';
import { CASES } from './cases.ts';
import { interpreterRow } from './interpreter.ts';
import { probesRow } from './probes.ts';
import { geometricMean, ratioOf, ratiosOf, secondsOf } from './ratios.ts';
import { targets, times } from './targets.ts';

const ENGINES = ['ringside', 'icount', 'v86'] as const;

export function comparison({ results }: Entry): string {
  return [
    lines(
      ['target', 'measured', 'met'],
      targets(results).map(({ target, measured, met }) => [
        target,
        measured ?? 'not measured',
        measured === undefined ? '' : met ? 'yes' : '**no**',
      ]),
    ),
    '![Processor time of each workload relative to QEMU, on a logarithmic scale; the numbers are in the table below.](benchmarks-cpu.svg)',
    '',
    lines(
      ['workload', 'what', 'QEMU TCG', ...ENGINES, 'interpreter alone', 'breakpoints elsewhere, beside'],
      [...CASES.map(({ name, what }) => [`\`${name}\``, what, ...cells(results, name)]), means(results)],
    ),
  ].join('\n');
}

function cells(results: Entry['results'], name: string): string[] {
  const seconds = secondsOf(results, name, 'tcg');
  const speed = results[interpreterRow(name)]?.median;
  const probes = (['elsewhere', 'beside'] as const).map((where) => results[probesRow(name, where)]?.median);
  return [
    seconds === undefined ? '' : `${seconds.toFixed(2)} s`,
    ...ENGINES.map((engine) => {
      const ratio = ratioOf(results, name, engine, 'tcg');
      return ratio === undefined ? '' : times(ratio);
    }),
    speed === undefined ? '' : `${speed.toFixed(1)} MIPS`,
    probes.flatMap((value) => (value === undefined ? [] : `${value < 0 ? '' : '+'}${value.toFixed(1)} %`)).join(', '),
  ];
}

function means(results: Entry['results']): string[] {
  const mean = (engine: (typeof ENGINES)[number]): string => {
    const ratios = ratiosOf(results, engine, 'tcg').map(({ value }) => value);
    return ratios.length === 0 ? '' : `**${times(geometricMean(ratios))}**`;
  };
  return ['geometric mean', '', '', ...ENGINES.map(mean), '', ''];
}
