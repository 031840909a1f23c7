/**
 * The page tables of the shown thread's address space: regions, in each the areas with equal rights, in each the ranges
 * of neighbouring frames.
 */
import type { PageRangeRow } from '../../debug-adapter/protocol/custom-requests.ts';
import { SHOW_MEMORY_COMMAND, type MemoryRange } from '../memory-document.ts';
import { ask } from '../ringside-session.ts';
import type { ShownStop, StopTracker } from '../stop-tracker.ts';
import { ChangeMarks, hex, sizeText, StopView, type TreeNode } from './stop-view.ts';

const MEMORY_BYTES_SHOWN_MAX = 4096;

/** SDM Vol. 3A, "Format of a 32-Bit Page-Table Entry". */
const FLAG_NAMES: Readonly<Record<string, string>> = {
  P: 'present',
  W: 'writable',
  U: 'user',
  PWT: 'write-through',
  PCD: 'not cached',
  A: 'accessed',
  D: 'dirty',
  PS: '4 MiB page',
  G: 'global',
};

export class PageTablesView extends StopView {
  protected override readonly nothing = 'Paging is off: linear addresses are physical ones.';
  private readonly marks = new ChangeMarks();

  constructor(stops: StopTracker) {
    super('ringside.pageTables', stops);
  }

  protected async read({ session, threadId, stopNumber }: ShownStop): Promise<TreeNode[]> {
    const { ranges, space, truncated } = await ask(session, 'ringside/pageTables', { threadId });
    if (ranges.length === 0) return [];
    this.marks.begin(`${session.id}/${threadId}`, stopNumber);
    const regions = new Map<string, PageRangeRow[]>();
    for (const range of ranges) {
      const name = range.region ?? 'mapped';
      regions.set(name, [...(regions.get(name) ?? []), range]);
    }
    const nodes = [...regions].map(([name, rows]): TreeNode => {
      const areas = areasOf(rows);
      return {
        id: name,
        label: name,
        description: `${sizeText(rows.reduce((sum, row) => sum + row.sizeBytes, 0))} from ${hex(rows[0]!.start)}`,
        icon: 'layers',
        changed: this.marks.changed(
          name,
          rows.map((row) => `${row.start}+${row.sizeBytes}=${row.physical} ${row.flags}`).join(),
        ),
        children: areas.map((area) => this.areaNode(name, area)),
      };
    });
    const more: TreeNode[] = truncated ? [{ id: 'more', label: 'More ranges are not shown', icon: 'ellipsis' }] : [];
    return [
      { id: 'space', label: 'Page directory', description: `physical ${hex(space)}`, icon: 'symbol-reference' },
      ...nodes,
      ...more,
    ];
  }

  /** One row for what a program may do with these addresses; below it, where the pages lie and which were used. */
  private areaNode(region: string, rows: readonly PageRangeRow[]): TreeNode {
    const [first] = rows;
    if (!first || rows.length === 1) return this.rangeNode(region, first!);
    const sizeBytes = rows.reduce((sum, row) => sum + row.sizeBytes, 0);
    const id = `${region}/area ${hex(first.start)}`;
    return {
      id,
      label: `${hex(first.start)} – ${hex(first.start + sizeBytes - 1)}`,
      description: `${rightsOf(first)}  ${sizeText(sizeBytes)} in ${rows.length} pieces`,
      icon: 'list-tree',
      changed: this.marks.changed(id, rows.map((row) => `${row.sizeBytes} ${row.physical} ${row.flags}`).join()),
      children: rows.map((row) => this.rangeNode(region, row)),
    };
  }

  private rangeNode(region: string, row: PageRangeRow): TreeNode {
    const id = `${region}/${hex(row.start)}`;
    return {
      id,
      label: `${hex(row.start)} – ${hex(row.start + row.sizeBytes - 1)}`,
      description: `→ ${hex(row.physical)}  ${row.flags}  ${sizeText(row.sizeBytes)}`,
      tooltip: `${sizeText(row.sizeBytes)} at linear ${hex(row.start)}, physical ${hex(row.physical)}\n${flagNames(row)}\nClick to see the memory.`,
      icon: 'dash',
      changed: this.marks.changed(id, `${row.sizeBytes} ${row.physical} ${row.flags}`),
      command: {
        title: 'Show Memory',
        command: SHOW_MEMORY_COMMAND,
        arguments: [
          {
            title: `${region} ${hex(row.start)}`,
            memoryReference: row.memoryReference,
            sizeBytes: Math.min(row.sizeBytes, MEMORY_BYTES_SHOWN_MAX),
          } satisfies MemoryRange,
        ],
      },
    };
  }
}

/** Ranges that follow each other and allow the same: they differ in their frames, or in what has been accessed. */
function areasOf(rows: readonly PageRangeRow[]): PageRangeRow[][] {
  const areas: PageRangeRow[][] = [];
  for (const row of rows) {
    const last = areas.at(-1)?.at(-1);
    if (last && last.start + last.sizeBytes === row.start && rightsOf(last) === rightsOf(row)) areas.at(-1)!.push(row);
    else areas.push([row]);
  }
  return areas;
}

/** The flags without accessed and dirty, which the CPU sets by itself. */
function rightsOf({ flags }: PageRangeRow): string {
  return flags
    .split(' ')
    .filter((flag) => flag !== 'A' && flag !== 'D')
    .join(' ');
}

const flagNames = ({ flags }: PageRangeRow): string =>
  flags
    .split(' ')
    .map((flag) => FLAG_NAMES[flag] ?? flag)
    .join(', ');
