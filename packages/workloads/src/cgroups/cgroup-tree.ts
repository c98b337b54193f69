// SPDX-License-Identifier: Apache-2.0

export interface CgroupNode {
  /** Inode number of the directory, as text. */
  readonly id: string;
  /** Null for the root. */
  readonly parentId: string | null;
  /** As text, from the root, which is `/`. */
  readonly path: string;
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** A name as text. Names are bytes: where they are no UTF-8, each byte from 0x80 on is written `\xff`. */
export function nameText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return Array.from(bytes, (byte) => (byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`)).join('');
  }
}

/** The same of a text in which names stand, such as a path: each name by itself, as the tree has it. */
export function namesText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    const parts = Buffer.from(bytes)
      .toString('latin1')
      .split(/([/\n])/);
    return parts.map((part) => nameText(Buffer.from(part, 'latin1'))).join('');
  }
}

/** The cgroups there are, by id. Pure. */
export interface CgroupTree {
  readonly size: number;
  get(id: string): CgroupNode | undefined;
  nodes(): Iterable<CgroupNode>;
  /** Null when the parent is not known. One that is known already stays as it is. */
  add(id: string, parentId: string, name: string): CgroupNode | null;
  /** Takes it out with all below it; returns them, the lowest first. */
  remove(id: string): CgroupNode[];
}

/** @param rootId of the topmost cgroup */
export function createCgroupTree(rootId: string): CgroupTree {
  const nodes = new Map<string, CgroupNode>([[rootId, { id: rootId, parentId: null, path: '/' }]]);
  const children = new Map<string, Set<string>>();

  function collect(id: string, found: CgroupNode[]): void {
    const pending = [id];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const node = nodes.get(next);
      if (node === undefined) continue;
      found.push(node);
      pending.push(...(children.get(next) ?? []));
    }
    found.reverse();
  }

  return {
    get size() {
      return nodes.size;
    },
    get: (id) => nodes.get(id),
    nodes: () => nodes.values(),
    add: (id, parentId, name) => {
      const known = nodes.get(id);
      if (known !== undefined) return known;
      const parent = nodes.get(parentId);
      if (parent === undefined) return null;
      const node = { id, parentId, path: parent.path === '/' ? `/${name}` : `${parent.path}/${name}` };
      nodes.set(id, node);
      const siblings = children.get(parentId);
      if (siblings === undefined) children.set(parentId, new Set([id]));
      else siblings.add(id);
      return node;
    },
    remove: (id) => {
      const found: CgroupNode[] = [];
      if (id === rootId) return found;
      collect(id, found);
      for (const node of found) {
        nodes.delete(node.id);
        children.delete(node.id);
        const siblings = children.get(node.parentId as string);
        siblings?.delete(node.id);
        if (siblings?.size === 0) children.delete(node.parentId as string);
      }
      return found;
    },
  };
}
