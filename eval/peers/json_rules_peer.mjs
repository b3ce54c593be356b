// The peer json-rules-engine: the three life events as its JSON rules.
//
// One engine asks all life events; each has an engine of its own for its services, which is run
// where it holds. Chaining all rules within one engine, as its pages show, took half as long
// again. A subject is one fact whose parts are looked up by key through a path resolver of our
// own: the default one would search each with JSONPath. What usually decides a life
// event comes first by priority, so that the rest is not asked.
//
//     node json_rules_peer.mjs SUBJECTS ANSWERS

import { createRequire } from 'node:module'
import { readFileSync, writeFileSync } from 'node:fs'

const start = performance.now()
const require = createRequire(import.meta.url)
const { Engine } = require('json-rules-engine')

const TODAY = '2026-11-20'
const VIET_NAM = 'Việt Nam'

// ---------------------------------------------------------------- conditions

const is = (path, value, operator = 'equal') => ({ fact: 'subject', path, operator, value })
const isNot = (path, value) => is(path, value, 'notEqual')
const isSame = (path, other) => is(path, { fact: 'subject', path: other })
const all = (...conditions) => ({ all: conditions })
const any = (...conditions) => ({ any: conditions })

const OUTPUTS = {
  'LE-BIRTH': all(
    { ...is('child.born_on', 6, 'youngerThan'), priority: 2 },
    any(is('mother.nationality', VIET_NAM), is('father.nationality', VIET_NAM))
  ),
  'LE-BIRTH/3.000722': all(
    is('child.birth.registered', false),
    is('mother.nationality', VIET_NAM),
    any(is('mother.marriage.recorded', false), is('father.nationality', VIET_NAM))
  ),
  'LE-BIRTH/2.000528': all(
    is('child.birth.registered', false),
    any(
      isNot('mother.nationality', VIET_NAM),
      all(is('mother.marriage.recorded', true), isNot('father.nationality', VIET_NAM))
    )
  ),
  'LE-BIRTH/1.014166': all(
    is('mother.insurance.compulsory', true),
    any(
      is('mother.insurance.months_of_12', 6, 'greaterThanInclusive'),
      is('mother.insurance.other_route', true)
    )
  ),
  'LE-BIRTH/1.008498': all(
    is('child.birth.registered', true),
    is('mother.tax.income_payer', true)
  ),
  'LE-BIRTH/1.014168': all(
    is('mother.marriage.recorded', true),
    is('father.insurance.compulsory', true)
  ),
  'LE-GRADE1': all(
    { ...is('child.born_on', 6, 'turnsInYear'), priority: 2 },
    is('child.school.grade1_enrolled', false),
    isNot('child.residence.province', undefined)
  ),
  'LE-GRADE1/grade1-enrolment': all(),
  'LE-LAND-TRANSFER': all(
    isNot('parcel.registered_contract', { fact: 'subject', path: 'parcel.transfer.contract_no' }),
    any(isSame('parcel.owner', 'parcel.transfer.seller'), isSame('parcel.owner', 'seller.spouse'))
  ),
  'LE-LAND-TRANSFER/1.013831': all(),
  'LE-LAND-TRANSFER/1.007277': all(),
  'LE-LAND-TRANSFER/1.007674': all(is('parcel.transfer.kind', 'chuyển nhượng'))
}
const NAMES = Object.keys(OUTPUTS)

// ---------------------------------------------------------------- the engine

const year = (day) => Number(day.slice(0, 4))
const age = (born) => year(TODAY) - year(born) - (TODAY.slice(5) < born.slice(5) ? 1 : 0)

function engineOf (names) {
  const engine = new Engine([], { pathResolver: (subject, path) => subject[path] })
  engine.addOperator('youngerThan', (born, years) => age(born) < years)
  engine.addOperator('turnsInYear', (born, years) => year(TODAY) === year(born) + years)
  for (const name of names) {
    engine.addRule({ conditions: OUTPUTS[name], event: { type: name } })
  }
  return engine
}

function boot () {
  const events = NAMES.filter((name) => !name.includes('/'))
  const services = (event) => NAMES.filter((name) => name.startsWith(`${event}/`))
  return {
    events: engineOf(events),
    services: new Map(events.map((event) => [event, engineOf(services(event))]))
  }
}

async function decideAll ({ events, services }, subjects) {
  const answers = new Map(NAMES.map((name) => [name, new Uint8Array(subjects.length)]))
  for (let at = 0; at < subjects.length; at++) {
    const facts = { subject: subjects[at] }
    for (const begun of (await events.run(facts)).events) {
      answers.get(begun.type)[at] = 1
      for (const open of (await services.get(begun.type).run(facts)).events) {
        answers.get(open.type)[at] = 1
      }
    }
  }
  return answers
}

const [subjectsFile, answersFile] = process.argv.slice(2)
if (answersFile === undefined) {
  console.error('call it as: node json_rules_peer.mjs SUBJECTS ANSWERS')
  process.exit(2)
}
const engines = boot()
const bootSeconds = (performance.now() - start) / 1000
const subjects = readFileSync(subjectsFile, 'utf8').trim().split('\n').map((line) => JSON.parse(line))
await decideAll(engines, subjects.slice(0, subjects.length / 10))
const begin = process.cpuUsage()
const answers = await decideAll(engines, subjects)
const used = process.cpuUsage(begin)
const runSeconds = (used.user + used.system) / 1e6
writeFileSync(answersFile, NAMES.map((name) => `${name} ${answers.get(name).join('')}\n`).join(''))
console.log(JSON.stringify({
  engine: 'json-rules-engine',
  version: require('json-rules-engine/package.json').version,
  subjects: subjects.length,
  boot_s: bootSeconds,
  run_s: runSeconds
}))
