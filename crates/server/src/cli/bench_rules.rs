//! `cotmoc bench rules`: the rules over a population.

use domain::AsOf;
use eval::bench::{DuePoint, Peers, RulesBench, Setting, Step};
use server::config::Config;
use server::secrets::master;
use server::wiring;

use super::measure::{BenchArgs, Scratch, morning};
use super::output::Output;

/// Measures on databases of its own, which are gone afterwards.
pub(super) async fn run(args: &BenchArgs, config: &Config, output: Output) -> anyhow::Result<()> {
    let country = wiring::country(config)?;
    let now = morning(&country)?;
    let today = now.to_zoned(country.pack.time_zone().clone()).date();
    let scratch = Scratch::new()?;
    let options = master::throwaway()?;
    let setting = Setting {
        pack: country.pack,
        as_of: AsOf { occurred: today, known: now, law: today },
        people: args.people.max(1),
        due_rows: &args.due,
        options: &options,
        scratch: &scratch.0,
        peers: &args.peers,
    };
    let bar = output.bar(0, false, "");
    let bench = eval::bench::rules(&setting, &eval::memory::peak_mib, &mut |step, done, of| {
        bar.set_message(words(step));
        bar.set_length(of);
        bar.set_position(done);
    })
    .await;
    bar.finish_and_clear();
    tell(output, &bench?)
}

fn words(step: Step) -> &'static str {
    match step {
        Step::People => "making people",
        Step::Sweep => "sweeping",
        Step::InMemory => "deciding in memory",
        Step::Due => "days that are due",
    }
}

fn tell(output: Output, bench: &RulesBench) -> anyhow::Result<()> {
    output.say(format!(
        "{:.1} µs a person for {} life events, 95 of 100 within {:.1} µs; {:.2} µs where all are \
         decided at once; {:.1} µs to settle what is known; {:.0} µs with receipts",
        bench.person_us_median,
        bench.life_events,
        bench.person_us_p95,
        bench.in_columns_us_per_person,
        bench.load_us_median,
        bench.with_receipts_us_median
    ));
    let sweep = &bench.sweep;
    output.say(format!(
        "{} people with {} facts swept in {:.1} s: {:.0} people a second, {:.0} MiB at most",
        sweep.people, sweep.facts, sweep.seconds, sweep.people_per_s, sweep.peak_mib
    ));
    for DuePoint { rows, due, us_per_due_row_median, run_ms } in &bench.due {
        output.say(format!(
            "{rows:>9} due days: {due} on the day, {us_per_due_row_median:.1} µs each, \
             {run_ms:.0} ms in all"
        ));
    }
    match (&bench.peers, bench.ratio_to_fastest_peer) {
        (Peers::Missing { missing }, _) => output.say(format!("other engines: {missing}")),
        (_, ratio) => output.say(format!(
            "{:.1} times as fast as the fastest other engine",
            ratio.unwrap_or_default()
        )),
    }
    output.value(bench)
}
