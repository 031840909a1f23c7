/**
 * The committed builds of the guest: guest/image/NAME.elf.gz, one per ELF, and manifest.json beside them; and the
 * benchmark kernel likewise in guest/bench/image, which is no part of what is shipped.
 *
 * `node scripts/guest-manifest.mjs write TOOLCHAIN` makes them from guest/target/elf (scripts/build-guest.sh calls it).
 * Invariant: `sources` is the hash of an image's sources as they were when it was built, so that a test can tell when
 * the image is stale.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

/** What the ELFs of both images depend on. */
const SHARED = [
  'guest/Cargo.lock',
  'guest/Cargo.toml',
  'guest/slab/Cargo.toml',
  'guest/slab/src',
  'guest/targets',
  'scripts/build-guest.sh',
];

/** Per image: its folder, where its ELFs are built, and everything that a byte of them can depend on, but the toolchain. */
const IMAGES = {
  'guest/image': {
    elfs: 'guest/target/elf',
    sources: [...SHARED, 'guest/abi', 'guest/boot', 'guest/kernel', 'guest/lib', 'guest/user'],
  },
  'guest/bench/image': {
    elfs: 'guest/target/elf/bench',
    sources: [
      ...SHARED,
      'guest/bench/Cargo.toml',
      'guest/bench/asm',
      'guest/bench/bench.ld',
      'guest/bench/build.rs',
      'guest/bench/src',
    ],
  },
};

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Files below `path`, sorted by their path in the repository, which is written with `/` everywhere. */
function filesBelow(root, path) {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  const entries = readdirSync(full, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)).replaceAll('\\', '/'));
}

/**
 * The sources' hash: SHA-256 over "PATH\0LENGTH\0CONTENTS" of each file, in the order of their paths.
 * Line ends are those of the repository (LF), whatever the checkout made of them.
 */
export function sourcesHash(root = ROOT, folder = 'guest/image') {
  const paths = IMAGES[folder].sources
    .flatMap((path) => (/\.\w+$/.test(path) ? [path] : filesBelow(root, path)))
    .sort();
  const hash = createHash('sha256');
  for (const path of paths) {
    const contents = Buffer.from(readFileSync(join(root, path), 'utf8').replaceAll('\r\n', '\n'));
    hash.update(`${path}\0${contents.length}\0`).update(contents);
  }
  return hash.digest('hex');
}

function write(folder, toolchain) {
  const elfs = join(ROOT, IMAGES[folder].elfs);
  const image = join(ROOT, folder);
  rmSync(image, { recursive: true, force: true });
  mkdirSync(image);
  const programs = {};
  for (const name of readdirSync(elfs).sort()) {
    if (!name.endsWith('.elf')) continue;
    const elf = readFileSync(join(elfs, name));
    const packed = gzipSync(elf, { level: 9 });
    const file = `${name}.gz`;
    writeFileSync(join(image, file), packed);
    // System V ABI, "ELF Header": e_entry is at 24.
    const entry = elf.readUInt32LE(24);
    programs[name.replace(/\.elf$/, '')] = { file, size: elf.length, sha256: sha256(elf), entry };
  }
  const manifest = { sources: sourcesHash(ROOT, folder), toolchain, programs };
  writeFileSync(join(image, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  console.log(`${folder}: ${Object.keys(programs).length} ELFs`);
}

if (process.argv[2] === 'write') {
  for (const folder of Object.keys(IMAGES)) write(folder, process.argv[3] ?? 'unknown');
}
