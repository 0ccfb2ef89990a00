//! Figures for programs.

use serde_json::{Value, json};

use crate::judge::Outcome;
use crate::score::{Bin, NaiveTotals, Result, Times, Totals, calibration};
use crate::table::Advice;
use crate::target;

/// The whole report. Times are seconds after the onset, or after the end for what recovers.
pub(crate) fn report(results: &[Result]) -> Value {
    let naive: Vec<Value> = NaiveTotals::of(&results.iter())
        .iter()
        .map(|naive| {
            json!({
                "rule": naive.rule,
                "precision": naive.precision,
                "recall": naive.recall,
                "false_runs": naive.false_runs,
                "advice_seconds": times(&naive.times),
            })
        })
        .collect();
    json!({
        "totals": totals(&Totals::of(&results.iter())),
        "targets": targets(results),
        "naive": naive,
        "calibration": bins(results, false),
        "calibration_of_suspicions": bins(results, true),
        "scenarios": results.iter().map(scenario).collect::<Vec<_>>(),
    })
}

fn totals(totals: &Totals) -> Value {
    json!({
        "runs": totals.runs,
        "precision": totals.precision(),
        "recall": totals.recall(),
        "recall_on_time": totals.recall_on_time(),
        "verdict_accuracy": totals.accuracy(),
        "false_advice": totals.false_advice,
        "negatives": totals.negatives,
        "false_advice_on_negatives": totals.false_on_negatives,
        "advice_after_end": totals.stale,
        "recovery_too_soon": totals.hasty,
        "suspicion_seconds": times(&totals.suspected),
        "verdict_seconds": times(&totals.judged),
        "advice_seconds": times(&totals.advised),
        "recovering_seconds": times(&totals.recovering),
        "closed_seconds": times(&totals.closed),
    })
}

fn targets(results: &[Result]) -> Vec<Value> {
    target::targets(results)
        .iter()
        .map(|target| {
            json!({
                "name": target.name,
                "target": target.wanted,
                "result": target.found,
                "reached": target.reached,
            })
        })
        .collect()
}

fn scenario(result: &Result) -> Value {
    let scenario = result.scenario;
    let (advice, limit) = match scenario.advice {
        Advice::Within(limit) => ("due", Some(limit)),
        Advice::Never => ("never", None),
        Advice::Either => ("either", None),
    };
    let verdicts: Vec<&str> = scenario.verdicts.iter().map(|v| v.name()).collect();
    json!({
        "id": scenario.id,
        "description": scenario.text,
        "expected_verdicts": verdicts,
        "expected_advice": advice,
        "advice_limit_seconds": limit,
        "passed": result.passed(),
        "runs": result.outcomes.iter().map(run).collect::<Vec<_>>(),
    })
}

fn run(outcome: &Outcome) -> Value {
    json!({
        "seed": outcome.seed,
        "verdict": outcome.verdict.name(),
        "right": outcome.right,
        "suspicion_seconds": outcome.suspected,
        "verdict_seconds": outcome.judged,
        "collapse_seconds": outcome.collapsed,
        "advice_seconds": outcome.advised,
        "false_advice": outcome.false_advice,
        "advice_after_end": outcome.stale,
        "recovery_too_soon": outcome.hasty,
        "recovering_seconds": outcome.recovering,
        "closed_seconds": outcome.closed,
        "samples": outcome.samples,
    })
}

fn bins(results: &[Result], suspicions_only: bool) -> Vec<Value> {
    let bins = calibration(results.iter(), suspicions_only);
    bins.iter().map(bin).collect()
}

fn bin(bin: &Bin) -> Value {
    json!({
        "from": bin.from,
        "until": bin.until,
        "verdicts": bin.verdicts,
        "mean_confidence": bin.said,
        "public_path_at_fault": bin.so,
    })
}

fn times(times: &Times) -> Value {
    json!({
        "median": times.median(),
        "p95": times.quantile(0.95),
        "longest": times.most(),
    })
}
