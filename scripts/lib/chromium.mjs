/** The browser that the page tests open. */
export const chromium = process.env.TAPGRAD_CHROMIUM ?? '/usr/bin/chromium';

/** Headless, and silent on the network. */
export const chromiumArguments = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];
