// Tables of the page: targets, figures, and contestants with everything that is known of them.
import { html, type Markup } from '../../replay/report/markup.ts'
import { figureWords, lineWords, rateName } from '../report-words.ts'
import { isMet, type TargetRow } from '../results.ts'
import type { Figure, ScenarioReport } from '../scenario-report.ts'

const MET: Markup = html`<span class="good">✓ met</span>`
const MISSED: Markup = html`<span class="bad">✗ missed</span>`

export function targetTable(rows: readonly TargetRow[]): Markup {
  const cells = rows.map(
    ({ scenario, figure, words, isMet: met }) =>
      html`<tr><th scope="row"><a href="#${scenario}">${scenario}</a></th><td class="words">${figure.what}</td><td class="words goal">${words}</td><td>${figureWords(figure)}</td><td>${met ? MET : MISSED}</td></tr>`,
  )
  return html`<div class="wide"><table class="targets"><thead><tr><th scope="col">Scenario</th><th scope="col" class="words">Figure</th><th scope="col" class="words">Target</th><th scope="col">Measured</th><th scope="col">Verdict</th></tr></thead><tbody>${cells}</tbody></table></div>`
}

export function figureTable(figures: readonly Figure[]): Markup {
  const rows = figures.map(
    (figure) =>
      html`<tr><th scope="row" class="words">${figure.what}</th><td>${figureWords(figure)}</td><td class="words goal">${figure.target?.words ?? ''}</td><td>${verdict(figure)}</td></tr>`,
  )
  return html`<div class="wide"><table class="targets"><thead><tr><th scope="col">Figure</th><th scope="col">Median (min – max)</th><th scope="col" class="words">Target</th><th scope="col">Verdict</th></tr></thead><tbody>${rows}</tbody></table></div>`
}

function verdict(figure: Figure): Markup {
  if (figure.target === undefined) return html``
  return isMet(figure) ? MET : MISSED
}

/** Behind the bars, for who wants the numbers. */
export function contestantTable(report: ScenarioReport): Markup {
  const rows = report.lines
    .map(lineWords)
    .map(
      (line) =>
        html`<tr><th scope="row">${line.name}</th><td>${line.role}</td><td>${line.perSecond}</td><td>${line.requestsPerSecond}</td><td>${line.p50Ms}</td><td>${line.p99Ms}</td><td class="words">${line.durability}</td></tr>`,
    )
  const heads = [rateName(report), 'requests/s', 'p50 ms', 'p99 ms'].map(
    (name) => html`<th scope="col">${name}</th>`,
  )
  return html`<details><summary>All numbers of the contestants</summary><div class="wide" tabindex="0" role="region" aria-label="Contestants of ${report.name}">
<table><caption>Median (min – max) of all rounds</caption><thead><tr><th scope="col">Contestant</th><th scope="col">Role</th>${heads}<th scope="col" class="words">Durability</th></tr></thead><tbody>${rows}</tbody></table></div></details>`
}
