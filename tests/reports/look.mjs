// Opens pages in Chromium and says what they did: node look.mjs JOB.json, the answer as JSON on stdout.
//
// A job is {chromium, pages: [{file, width, dark, script, axe, shot, element}]}; a shot is of the window, or of an
// element. Of each page: its h1, the dialogs, the violations of its policy, the requests for anything but the page
// itself, scripts and handlers in the document, whether it is wider than the window, and what axe finds with every
// `details` open.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const need = createRequire(join(process.env.MODELQA_NODE_MODULES, 'x.js'))
const { chromium } = need('playwright-core')
const job = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const axe = job.pages.some((page) => page.axe) ? readFileSync(need.resolve('axe-core'), 'utf8') : ''

const browser = await chromium.launch({ executablePath: job.chromium, args: ['--no-sandbox'] })
const contexts = new Map()

// One page of a kind, opened once and used again: `said` is what the pages of now have done.
async function opened({ width = 1280, dark = false, script = true }) {
  const key = JSON.stringify([width, dark, script])
  if (contexts.has(key)) return contexts.get(key)
  const made = await browser.newContext({
    viewport: { width, height: 900 }, colorScheme: dark ? 'dark' : 'light', javaScriptEnabled: script,
  })
  await made.addInitScript(() => {
    window.__violations = []
    document.addEventListener('securitypolicyviolation', (e) => window.__violations.push(e.violatedDirective))
  })
  const page = await made.newPage()
  page.on('dialog', (dialog) => { said.dialogs += 1; dialog.dismiss() })
  page.on('request', (request) => { if (request.url() !== said.url) said.requests.push(request.url()) })
  page.on('console', (message) => { if (message.type() === 'error') said.errors.push(message.text()) })
  page.on('pageerror', (error) => said.errors.push(String(error)))
  contexts.set(key, page)
  return page
}

let said = {}

async function look(wanted) {
  const page = await opened(wanted)
  const url = pathToFileURL(wanted.file).href
  said = { file: wanted.file, url, dialogs: 0, requests: [], errors: [] }
  await page.goto(url)
  Object.assign(said, await page.evaluate(() => ({
    title: document.querySelector('h1')?.innerText ?? '',
    scripts: document.scripts.length,
    handlers: [...document.querySelectorAll('*')].filter((e) => [...e.attributes].some((a) => a.name.startsWith('on'))).length,
    violations: window.__violations ?? [],
    wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
  })))
  if (wanted.shot) await (wanted.element ? page.locator(wanted.element) : page).screenshot({ path: wanted.shot })
  if (wanted.axe) {
    await page.evaluate(() => document.querySelectorAll('details').forEach((each) => { each.open = true }))
    await page.evaluate(axe)
    const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }))
    said.axe = found.violations.map((each) => `${each.id}: ${each.nodes[0].html} (${each.nodes.length})`)
    said.rules = found.passes.length
  }
  return said
}

const answers = []
for (const wanted of job.pages) answers.push(await look(wanted))
await browser.close()
console.log(JSON.stringify(answers))
