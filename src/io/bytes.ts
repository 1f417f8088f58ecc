// Words of a stated byte order, copied between byte arrays and buffers that typed arrays can view.

/** Whether this machine stores the low byte first, as all but a few do. */
export const hostIsLittleEndian: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Reverse the bytes of each word, in place, in a buffer that the caller has just made. */
const reverseWords = (bytes: Uint8Array, wordSize: number): void => {
  for (let at = 0; at < bytes.length; at += wordSize) bytes.subarray(at, at + wordSize).reverse();
};

/**
 * Copy bytes into a buffer of their own (so aligned), with words of `wordSize` bytes in this machine's order. The same
 * function goes both ways, since reversing is its own inverse.
 */
export const copyWords = (bytes: Uint8Array, wordSize: number, littleEndian: boolean): ArrayBuffer => {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  if (wordSize > 1 && littleEndian !== hostIsLittleEndian) reverseWords(copy, wordSize);
  return copy.buffer;
};

/** The bytes that a typed array views, without a copy. */
export const bytesOf = (view: ArrayBufferView): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
