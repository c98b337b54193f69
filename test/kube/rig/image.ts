// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** An image that sleeps: for sandboxes, and for containers that bring their own command. */
export const IMAGE = 'gthulhu.test/busybox:1';

/** Makes it of this machine's static busybox, as an archive that `ctr images import` takes, without an engine or a registry. */
export function makeImage(folder: string): string {
  const layer = join(folder, 'layer');
  mkdirSync(join(layer, 'bin'), { recursive: true });
  for (const path of ['tmp', 'proc', 'sys', 'dev', 'etc']) mkdirSync(join(layer, path));
  for (const name of ['busybox', 'sh', 'sleep']) copyFileSync('/bin/busybox', join(layer, 'bin', name));
  const image = join(folder, 'image');
  const blobs = join(image, 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  const work = join(folder, 'layer.tar');
  execFileSync('tar', ['-C', layer, '--owner=0', '--group=0', '--mtime=@0', '--sort=name', '-cf', work, '.']);
  const sum = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
  const blob = (content: object): { digest: string; size: number } => {
    const bytes = Buffer.from(JSON.stringify(content));
    writeFileSync(join(blobs, sum(bytes)), bytes);
    return { digest: `sha256:${sum(bytes)}`, size: bytes.length };
  };
  const layerBytes = readFileSync(work);
  const layerDigest = `sha256:${sum(layerBytes)}`;
  renameSync(work, join(blobs, sum(layerBytes)));
  const config = blob({
    architecture: 'amd64',
    os: 'linux',
    config: { Entrypoint: ['/bin/sleep', '1000000'], Env: ['PATH=/bin'] },
    rootfs: { type: 'layers', diff_ids: [layerDigest] },
  });
  const type = 'application/vnd.oci.image';
  const layers = [{ mediaType: `${type}.layer.v1.tar`, digest: layerDigest, size: layerBytes.length }];
  const manifest = blob({ schemaVersion: 2, config: { mediaType: `${type}.config.v1+json`, ...config }, layers });
  const annotations = { 'io.containerd.image.name': IMAGE, 'org.opencontainers.image.ref.name': '1' };
  const manifests = [{ mediaType: `${type}.manifest.v1+json`, ...manifest, annotations }];
  writeFileSync(join(image, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  writeFileSync(join(image, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  const archive = join(folder, 'image.tar');
  execFileSync('tar', ['-C', image, '-cf', archive, '.']);
  return archive;
}
