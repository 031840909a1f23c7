/** The page tables of the shown thread's address space: regions, and in each the ranges that are mapped. */
import type { PageRangeRow } from '../../debug-adapter/protocol/custom-requests.ts';
import { SHOW_MEMORY_COMMAND } from '../memory-document.ts';
import { ask } from '../ringside-session.ts';
import type { ShownStop, StopTracker } from '../stop-tracker.ts';
import { ChangeMarks, hex, sizeText, StopView, type TreeNode } from './stop-view.ts';

const MEMORY_BYTES_SHOWN_MAX = 4096;

export class PageTablesView extends StopView {
  private readonly marks = new ChangeMarks();

  constructor(stops: StopTracker) {
    super('ringside.pageTables', stops);
  }

  protected async read({ session, threadId, stopNumber }: ShownStop): Promise<TreeNode[]> {
    const { ranges, space, truncated } = await ask(session, 'ringside/pageTables', { threadId });
    this.marks.begin(`${session.id}/${threadId}`, stopNumber);
    const regions = new Map<string, PageRangeRow[]>();
    for (const range of ranges) {
      const name = range.region ?? 'mapped';
      regions.set(name, [...(regions.get(name) ?? []), range]);
    }
    const nodes = [...regions].map(([name, rows]): TreeNode => {
      const children = rows.map((row) => this.rangeNode(name, row));
      return {
        id: name,
        label: name,
        description: `${sizeText(rows.reduce((sum, row) => sum + row.sizeBytes, 0))} from ${hex(rows[0]!.start)}`,
        icon: 'layers',
        changed: this.marks.changed(
          name,
          rows.map((row) => `${row.start}+${row.sizeBytes}=${row.physical} ${row.flags}`).join(),
        ),
        children,
      };
    });
    const more: TreeNode[] = truncated ? [{ id: 'more', label: 'More ranges are not shown', icon: 'ellipsis' }] : [];
    return [
      { id: 'space', label: 'Page directory', description: `physical ${hex(space)}`, icon: 'symbol-reference' },
      ...nodes,
      ...more,
    ];
  }

  private rangeNode(region: string, row: PageRangeRow): TreeNode {
    const id = `${region}/${hex(row.start)}`;
    return {
      id,
      label: `${hex(row.start)} – ${hex(row.start + row.sizeBytes - 1)}`,
      description: `→ ${hex(row.physical)}  ${row.flags}  ${sizeText(row.sizeBytes)}`,
      tooltip: `${sizeText(row.sizeBytes)} at linear ${hex(row.start)}, physical ${hex(row.physical)}\nFlags: ${row.flags}\nClick to see the memory.`,
      icon: 'dash',
      changed: this.marks.changed(id, `${row.sizeBytes} ${row.physical} ${row.flags}`),
      command: {
        title: 'Show Memory',
        command: SHOW_MEMORY_COMMAND,
        arguments: [
          { memoryReference: row.memoryReference, sizeBytes: Math.min(row.sizeBytes, MEMORY_BYTES_SHOWN_MAX) },
        ],
      },
    };
  }
}
