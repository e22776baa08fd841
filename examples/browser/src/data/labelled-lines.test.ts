import { expect, it } from 'vitest';
import { readLabelledLines } from './labelled-lines.ts';

it('reads sentences and labels; header, blank lines, repeats, and the line ends of any system do no harm', () => {
  const { examples, labels, problems } = readLabelledLines(
    '\uFEFFtext\tlabel\r\n a cat \tanimal\r\n\r\nan oak\tplant\ra cat\tanimal\n',
  );
  expect(problems).toEqual([]);
  expect(labels).toEqual(['animal', 'plant']);
  expect(examples).toEqual([
    { text: 'a cat', label: 'animal' },
    { text: 'an oak', label: 'plant' },
  ]);
});

it.each([
  ['', 'There are no sentences yet.'],
  ['x\ta', 'All sentences have the label “a”; there must be at least two labels.'],
  ['no tab', 'Line 1: there is no tab between sentence and label in “no tab”'],
  ['x\ta\ty\tb', 'Line 1: there are 3 tabs; expected one, between sentence and label'],
  ['x\ta\n \tb', 'Line 2: the sentence is empty'],
  ['x\ta\ny\t ', 'Line 2: “y” has no label'],
  ['x\ta\n\nx\tb', 'Line 3: “x” was “a” above and is “b” here'],
])('says what is wrong with %j', (content, problem) => {
  expect(readLabelledLines(content).problems).toEqual([problem]);
});

it('names every wrong line, and keeps the right ones', () => {
  const { examples, problems } = readLabelledLines('a\tx\nb\nc\ty\nd\n');
  expect(problems.map((problem) => problem.slice(0, 6))).toEqual(['Line 2', 'Line 4']);
  expect(examples).toHaveLength(2);
});

it('refuses a column of sentences where labels should be', () => {
  const swapped = Array.from({ length: 1001 }, (_, index) => `label\tsentence ${index}`);
  expect(readLabelledLines(swapped.map((line, index) => `${index}${line}`).join('\n')).problems).toEqual([
    'There are 1001 labels, more than 1000. Is the label in the second column?',
  ]);
});
