/*
 * Node loads this before the tests of a project, in each process and thread, while lines are
 * watched. NODE_V8_COVERAGE writes which ranges of a script ran, and this the text that the ranges
 * count in: runners such as vitest and jest run code that stands nowhere on disk.
 *
 * MISSION_LINES names a file that says where to write, and which scripts matter. Nothing here may
 * disturb a test: what fails is left out.
 */
'use strict'

const fs = require('node:fs')
const inspector = require('node:inspector')
const path = require('node:path')
const { fileURLToPath } = require('node:url')
const v8 = require('node:v8')
const { isMainThread, threadId } = require('node:worker_threads')

const BYTES_MAX = 64 * 1024 * 1024

function watch(asked) {
  const answer = path.join(asked.answers, `${process.pid}-${threadId}.jsonl`)
  const write = (value) => fs.appendFileSync(answer, JSON.stringify(value) + '\n')
  write({ parent: process.ppid })
  const files = new Set(asked.files)
  let left = BYTES_MAX

  const session = new inspector.Session()
  session.connect()
  // A thread that is terminated runs no code at its end, so each script is written at once.
  session.on('Debugger.scriptParsed', ({ params }) => {
    const name = params.url.startsWith('file:') ? fileURLToPath(params.url) : params.url
    const isOwn = name.startsWith(asked.top + path.sep) && !name.includes('/node_modules/')
    if (!isOwn || !(params.sourceMapURL || files.has(name))) return
    session.post('Debugger.getScriptSource', { scriptId: params.scriptId }, (error, found) => {
      if (error || found.scriptSource.length > left) return
      left -= found.scriptSource.length
      write({
        id: params.scriptId,
        path: name,
        map: params.sourceMapURL || '',
        shift: Math.abs(params.startColumn),
        text: found.scriptSource,
      })
    })
  })
  session.post('Debugger.enable')
  session.post('Debugger.setSkipAllPauses', { skip: true })

  // Runners end their processes by a signal, and then Node writes no coverage by itself. Some send
  // one to a process that is about to exit: what is written here is written before that.
  process.once('exit', () => v8.takeCoverage())
  if (isMainThread) {
    process.once('SIGTERM', () => {
      v8.takeCoverage()
      if (process.listenerCount('SIGTERM') === 0) process.kill(process.pid, 'SIGTERM')
    })
  }
}

try {
  if (process.env.MISSION_LINES && process.env.NODE_V8_COVERAGE) {
    watch(JSON.parse(fs.readFileSync(process.env.MISSION_LINES, 'utf8')))
  }
} catch {
  // Without an inspector there are no lines to tell, and the tests run as ever.
}
