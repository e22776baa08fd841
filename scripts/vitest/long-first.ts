import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files of a few lines that run all checks of many plugins, or all pairs of them. */
const long = /(conformance|compatibility|backends|rows-\d|least)(\.\w+)?\.test\.ts$/;

/**
 * Starts the files that take a minute or more before all others, so that no core waits for the last of them. On a fresh
 * clone vitest knows no durations and goes by size, and these are its smallest files.
 */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const [first, then] = [true, false].map((wanted) =>
      sorted.filter(({ moduleId }) => long.test(moduleId) === wanted),
    );
    return [...first!, ...then!];
  }
}
