/** What a buffer is for; those of modules (running statistics) are with the parameters. Whatever nobody claimed is transient. */
export const memoryCategories = [
  'parameters',
  'gradients',
  'optimizer',
  'saved',
  'plugin',
  'batch',
  'transient',
] as const;
export type MemoryCategory = (typeof memoryCategories)[number];

/** Bytes by category. */
export type MemoryBreakdown = Readonly<Record<MemoryCategory, number>>;
