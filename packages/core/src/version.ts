/** Version of @tapgrad/core; a test holds it equal to package.json's. */
export const coreVersion = '0.0.0';
