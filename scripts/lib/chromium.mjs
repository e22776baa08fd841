/** The browser that the page tests open. */
export const chromiumPath = process.env.TAPGRAD_CHROMIUM ?? '/usr/bin/chromium';
