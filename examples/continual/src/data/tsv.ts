import { readFileSync } from 'node:fs';
import { TapgradError } from '@tapgrad/core';

/** One labelled text. */
export interface Example {
  readonly text: string;
  readonly label: string;
}

/**
 * Reads `text <tab> label` lines (UTF-8, no quoting; a first line `text <tab> label` is a header; blank lines are skipped).
 * @throws TapgradError DATASET_MISSING, DATASET_INVALID, which name the file and the line
 */
export function readTsv(path: string): Example[] {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new TapgradError({
      code: 'DATASET_MISSING',
      message: code === 'ENOENT' ? `no such file: ${path}` : `cannot read ${path} (${code})`,
      fix: '--data takes "wordnet", "fashion", a TSV file or a folder with a folder of images for each label',
      cause,
    });
  }
  return parseTsv(content, path);
}

/** What `readTsv` does to the file's content; `source` names it in errors. */
function parseTsv(content: string, source: string): Example[] {
  const examples: Example[] = [];
  content
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .forEach((line, index) => {
      if (line.trim() === '' || (index === 0 && /^text\tlabel$/i.test(line))) return;
      const fields = line.split('\t').map((field) => field.trim());
      const [text = '', label = ''] = fields;
      const wrong =
        fields.length === 1
          ? 'the label is missing: there is no tab'
          : fields.length > 2
            ? `there are ${fields.length} columns`
            : text === ''
              ? 'the text is empty'
              : label === '' && 'the label is empty';
      if (wrong) throw invalid(`${source}:${index + 1}: ${wrong}`, 'write "text<tab>label" on each line');
      examples.push({ text, label });
    });
  if (examples.length === 0)
    throw invalid(`${source}: there are no examples in it`, 'write "text<tab>label" on each line');
  return examples;
}

function invalid(message: string, fix: string): TapgradError {
  return new TapgradError({ code: 'DATASET_INVALID', message, fix });
}
