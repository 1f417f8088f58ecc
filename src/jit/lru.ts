// A bounded cache: the least recently used entry leaves first.

export interface Lru<A> {
  get(key: string): A | undefined;
  set(key: string, value: A): void;
  readonly size: number;
  keys(): IterableIterator<string>;
}

export const lru = <A>(limit: number): Lru<A> => {
  // A Map iterates in order of insertion; a hit in its older half is moved to the end.
  const entries = new Map<string, A>();
  return {
    get: (key) => {
      const found = entries.get(key);
      if (found !== undefined && entries.size * 2 > limit) {
        entries.delete(key);
        entries.set(key, found);
      }
      return found;
    },
    set: (key, value) => {
      entries.delete(key);
      entries.set(key, value);
      if (entries.size > limit) entries.delete(entries.keys().next().value!);
    },
    get size() {
      return entries.size;
    },
    keys: () => entries.keys(),
  };
};
