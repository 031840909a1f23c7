/**
 * Ringside's own DAP requests and events: the one list that adapter, extension and other clients share.
 * Addresses travel as numbers (unsigned, 32 bits) where they are data and as memory references where they can be read.
 */

/** An environment (JOS's process), as the Environments view shows it. */
export interface EnvironmentRow {
  /** DAP thread id; equals the environment id. */
  readonly threadId: number;
  readonly envId: number;
  readonly parentId: number;
  readonly program: string;
  readonly status: 'runnable' | 'running' | 'not runnable' | 'dying' | 'free';
  /** Times it was scheduled in. */
  readonly runs: number;
  /** Physical address of its page directory. */
  readonly space: number;
  /** Where its user half stands. */
  readonly eip: number;
  readonly location: string | undefined;
}

/** Pages that follow each other linearly and physically with the same flags. */
export interface PageRangeRow {
  readonly start: number;
  readonly sizeBytes: number;
  readonly physical: number;
  readonly flags: string;
  /** What the guest uses this range for (`user text`, `UPAGES`, …), where known. */
  readonly region: string | undefined;
  readonly memoryReference: string;
}

export interface PageWalkRow {
  readonly level: 'PDPTE' | 'PDE' | 'PTE';
  readonly entryAddress: number;
  readonly value: number;
  readonly flags: string;
}

/** One object slot of a slab. */
export interface HeapObjectRow {
  readonly address: number;
  readonly allocated: boolean;
  readonly memoryReference: string;
}

export interface HeapSlabRow {
  readonly address: number;
  readonly state: 'partial' | 'full' | 'empty';
  readonly allocatedCount: number;
  readonly objects: readonly HeapObjectRow[];
  readonly memoryReference: string;
}

export interface HeapCacheRow {
  /** Bytes of one object: the size class. */
  readonly objectBytes: number;
  readonly objectsPerSlab: number;
  readonly allocatedCount: number;
  readonly slabs: readonly HeapSlabRow[];
}

/** A request larger than the largest size class: a run of pages. */
export interface HeapRunRow {
  readonly address: number;
  readonly pageCount: number;
  readonly memoryReference: string;
}

export interface HeapReply {
  readonly program: string;
  readonly threadId: number;
  readonly caches: readonly HeapCacheRow[];
  readonly runs: readonly HeapRunRow[];
  readonly pagesOwned: number;
  readonly bytesAllocated: number;
  /** What the walk found wrong (a list that does not end, a count that disagrees), in sentences. */
  readonly findings: readonly string[];
}

/** Request name → arguments and reply body. */
export interface CustomRequests {
  'ringside/environments': { arguments: undefined; body: { environments: EnvironmentRow[] } };
  'ringside/pageTables': {
    arguments: { threadId: number; start?: number; end?: number };
    body: { space: number; ranges: PageRangeRow[]; truncated: boolean };
  };
  'ringside/pageWalk': {
    arguments: { threadId: number; address: number };
    body: { space: number; levels: PageWalkRow[]; physical: number | undefined };
  };
  'ringside/heap': { arguments: { threadId: number }; body: HeapReply };
  'ringside/serialInput': { arguments: { text: string }; body: undefined };
  'ringside/keyboardInput': { arguments: { text: string }; body: undefined };
  'ringside/devices': {
    arguments: undefined;
    body: { devices: { name: string; registers: Readonly<Record<string, number | string | boolean>> }[] };
  };
}

/** Event name → body. */
export interface CustomEvents {
  /** What the guest sent on COM1; one character a byte (Latin-1), so that any bytes survive. */
  'ringside/serialOutput': { text: string };
}
