// Debian's Chromium, headless, with WebGPU on the processor.
import { existsSync } from 'node:fs';
import { run } from '../support.js';

const CHROMIUM = '/usr/bin/chromium';

const LAUNCH_ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  // Compute on the processor, so that the check runs without a GPU.
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  // A WebGPU canvas needs Vulkan in the compositor.
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
  '--use-angle=swiftshader',
  '--disable-vulkan-surface',
  // No requests except those of the page.
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Installs Debian's Chromium if it is missing. @returns {Promise<string>} its version */
export async function installChromium() {
  if (!existsSync(CHROMIUM)) {
    if (process.getuid?.() !== 0) {
      throw new Error(
        `there is no ${CHROMIUM}: install Debian's package chromium, or run this check as root`,
      );
    }
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await run('apt-get', ['update'], { env });
    await run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], { env });
  }
  return (await run(CHROMIUM, ['--version'])).stdout.trim();
}

/** @returns {Promise<import('playwright-core').Browser>} to be closed */
export async function launchChromium() {
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath: CHROMIUM, args: LAUNCH_ARGUMENTS });
}
