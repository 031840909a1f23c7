/** The slab heap of the shown thread's program: caches, their slabs, their objects, one click from their memory. */
import type {
  HeapCacheRow,
  HeapObjectRow,
  HeapRunRow,
  HeapSlabRow,
} from '../../debug-adapter/protocol/custom-requests.ts';
import { SHOW_MEMORY_COMMAND } from '../memory-document.ts';
import { ask } from '../ringside-session.ts';
import type { ShownStop, StopTracker } from '../stop-tracker.ts';
import { ChangeMarks, counted, hex, sizeText, StopView, type TreeNode } from './stop-view.ts';

const PAGE_BYTES = 4096;

export class HeapView extends StopView {
  private readonly marks = new ChangeMarks();

  constructor(stops: StopTracker) {
    super('ringside.heap', stops);
  }

  protected async read({ session, threadId, stopNumber }: ShownStop): Promise<TreeNode[]> {
    const heap = await ask(session, 'ringside/heap', { threadId });
    this.marks.begin(`${session.id}/${threadId}`, stopNumber);
    const summary: TreeNode = {
      id: 'summary',
      label: heap.program,
      description: `${sizeText(heap.bytesAllocated)} allocated in ${counted(heap.pagesOwned, 'page')}`,
      icon: 'package',
      changed: this.marks.changed('summary', `${heap.bytesAllocated} ${heap.pagesOwned}`),
    };
    const findings = heap.findings.map((text, i): TreeNode => ({ id: `finding${i}`, label: text, icon: 'warning' }));
    const runs: TreeNode[] = heap.runs.length
      ? [
          {
            id: 'runs',
            label: 'Page runs',
            description: `${heap.runs.length} larger than a slab's objects`,
            icon: 'symbol-array',
            children: heap.runs.map((r) => this.runNode(r)),
          },
        ]
      : [];
    return [summary, ...findings, ...heap.caches.map((cache) => this.cacheNode(cache)), ...runs];
  }

  private cacheNode(cache: HeapCacheRow): TreeNode {
    const id = `cache${cache.objectBytes}`;
    const capacity = cache.slabs.length * cache.objectsPerSlab;
    return {
      id,
      label: `${cache.objectBytes} bytes`,
      description:
        cache.slabs.length === 0
          ? 'no slabs'
          : `${cache.allocatedCount} of ${capacity} objects in ${counted(cache.slabs.length, 'slab')}`,
      icon: 'database',
      changed: this.marks.changed(id, `${cache.allocatedCount} ${cache.slabs.map((s) => s.address).join()}`),
      contextValue: 'cache',
      children: cache.slabs.map((slab) => this.slabNode(cache, slab)),
    };
  }

  private slabNode(cache: HeapCacheRow, slab: HeapSlabRow): TreeNode {
    const id = `slab${slab.address}`;
    return {
      id,
      label: `slab ${hex(slab.address)}`,
      description: `${slab.state}, ${slab.allocatedCount} of ${cache.objectsPerSlab}`,
      icon: slab.state === 'full' ? 'circle-filled' : slab.state === 'empty' ? 'circle-outline' : 'color-mode',
      changed: this.marks.changed(id, `${slab.state} ${slab.allocatedCount}`),
      command: showMemory(slab.memoryReference, PAGE_BYTES),
      contextValue: 'slab',
      children: slab.objects.map((object, index) => this.objectNode(cache, object, index)),
    };
  }

  private objectNode(cache: HeapCacheRow, object: HeapObjectRow, index: number): TreeNode {
    const id = `object${object.address}`;
    return {
      id,
      label: hex(object.address),
      description: `#${index} ${object.allocated ? 'allocated' : 'free'}`,
      icon: object.allocated ? 'symbol-field' : 'circle-slash',
      changed: this.marks.changed(id, String(object.allocated)),
      command: showMemory(object.memoryReference, cache.objectBytes),
      contextValue: 'object',
    };
  }

  private runNode(run: HeapRunRow): TreeNode {
    const id = `run${run.address}`;
    return {
      id,
      label: hex(run.address),
      description: `${counted(run.pageCount, 'page')}, ${sizeText(run.pageCount * PAGE_BYTES)}`,
      icon: 'symbol-array',
      changed: this.marks.changed(id, String(run.pageCount)),
      command: showMemory(run.memoryReference, run.pageCount * PAGE_BYTES),
    };
  }
}

function showMemory(memoryReference: string, sizeBytes: number): TreeNode['command'] {
  return { title: 'Show Memory', command: SHOW_MEMORY_COMMAND, arguments: [{ memoryReference, sizeBytes }] };
}
