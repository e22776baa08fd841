import picomatch from 'picomatch';

/** Tells whether a dotted path matches. Globs: `*` is one segment, `**` any number, `{a,b}`, `[0-3]`. */
export type PathMatcher = (path: string) => boolean;

export function pathMatcher(pattern: string): PathMatcher {
  if (pattern === '**') return () => true;
  if (pattern === '') return (path) => path === '';
  const matches = picomatch(pattern.replaceAll('.', '/'));
  return (path) => path === pattern || matches(path.replaceAll('.', '/'));
}

/** Splits `blocks.*:output` into the pattern of the module's path and that of the point; the point defaults to `output`. */
export function splitTapPattern(pattern: string): { path: string; point: string } {
  const colon = pattern.lastIndexOf(':');
  return colon < 0
    ? { path: pattern, point: 'output' }
    : { path: pattern.slice(0, colon), point: pattern.slice(colon + 1) };
}
