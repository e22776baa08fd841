/** The mean of numbers that come one by one, each with a weight (for a loss per batch: the batch size). 0 before the first. */
export class Mean {
  private sum = 0;
  private weight = 0;

  add(value: number, weight = 1): void {
    this.sum += value * weight;
    this.weight += weight;
  }

  get value(): number {
    return this.weight === 0 ? 0 : this.sum / this.weight;
  }

  reset(): void {
    this.sum = 0;
    this.weight = 0;
  }
}
