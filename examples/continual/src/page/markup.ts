/** Text as it may stand in a page. */
export const escaped = (text: string) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

export const percent = (share: number, digits = 1) => `${(share * 100).toFixed(digits)} %`;

export const megabytes = (bytes: number) => (bytes / 1e6).toFixed(bytes < 1e5 ? 3 : bytes < 1e6 ? 2 : 1);

/** One row of a table. */
export const cells = (tag: 'td' | 'th', texts: readonly string[]) =>
  `<tr>${texts.map((text) => `<${tag}>${escaped(text)}</${tag}>`).join('')}</tr>`;

/** Data inside a script. */
export const scriptJson = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c');
