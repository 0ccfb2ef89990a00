//! The simulator beside the real kernel: the same traffic under the same loss.

use std::fmt::Write as _;

use crate::sim::link::{Fault, Loss, Shape};
use crate::sim::script::{Amount, Prompt, Script};
use crate::sim::strain::Culprit;
use crate::sim::window::Control;
use crate::sim::{self, Sums};
use crate::table::{App, Group, group};

/// Seconds that each flow lived.
const LENGTH: f64 = 150.0;
/// Flows simulated of each kind: more than were measured, to be surer than those are.
const FLOWS: u8 = 100;

/// Which way packets are lost.
#[derive(Debug, Clone, Copy)]
enum Way {
    Both,
    Out,
    In,
}

use Way::{Both, In, Out};

/// A measurement: Linux 6.18 between two namespaces with a relay that loses packets, 540 flows of
/// 150 s, 40 ms round trip. Retransmitted among retransmitted and delivered segments, and share
/// of samples of CUBIC with a window of 4 segments or less.
struct Measured {
    loss: f64,
    way: Way,
    terminal: bool,
    cubic: f64,
    bbr: f64,
    reno: f64,
    low: f64,
}

const fn row(loss: f64, way: Way, terminal: bool, ratios: [f64; 3], low: f64) -> Measured {
    let [cubic, bbr, reno] = ratios;
    Measured {
        loss,
        way,
        terminal,
        cubic,
        bbr,
        reno,
        low,
    }
}

const MEASURED: [Measured; 13] = [
    row(0.01, Both, false, [0.011, 0.012, 0.011], 0.02),
    row(0.01, Both, true, [0.013, 0.023, 0.023], 0.20),
    row(0.05, Both, false, [0.059, 0.056, 0.054], 0.45),
    row(0.05, Both, true, [0.075, 0.082, 0.060], 0.83),
    row(0.14, Both, false, [0.158, 0.157, 0.154], 0.86),
    row(0.14, Both, true, [0.193, 0.192, 0.194], 0.94),
    row(0.27, Both, false, [0.292, 0.261, 0.365], 0.75),
    row(0.27, Both, true, [0.339, 0.363, 0.368], 0.94),
    row(0.14, Out, false, [0.143, 0.140, 0.135], 0.85),
    row(0.14, In, false, [0.011, 0.007, 0.009], 0.01),
    row(0.14, In, true, [0.074, 0.074, 0.085], 0.01),
    row(0.27, In, false, [0.018, 0.019, 0.019], 0.01),
    row(0.27, In, true, [0.179, 0.152, 0.167], 0.87),
];

/// The comparison, as a table.
pub(crate) fn report() -> String {
    let mut text = String::from(
        "retransmitted among all segments, simulated (measured); share of samples with window <= 4\n\n",
    );
    let _ = writeln!(
        text,
        "{:>5} {:5} {:9} {:>14} {:>14} {:>14} {:>12}",
        "loss", "way", "traffic", "cubic", "bbr", "reno", "low, cubic"
    );
    for measured in &MEASURED {
        let of = |control| simulated(measured, control);
        let cubic = of(Control::Cubic);
        let pair = |sums: Sums, real: f64| format!("{:.3} ({real:.3})", sums.ratio());
        let _ = writeln!(
            text,
            "{:>4.0}% {:5} {:9} {:>14} {:>14} {:>14} {:>12}",
            measured.loss * 100.0,
            match measured.way {
                Both => "both",
                Out => "out",
                In => "in",
            },
            if measured.terminal { "terminal" } else { "web" },
            pair(cubic, measured.cubic),
            pair(of(Control::Bbr), measured.bbr),
            pair(of(Control::Reno), measured.reno),
            format!("{:.2} ({:.2})", cubic.low(), measured.low)
        );
    }
    text
}

fn simulated(measured: &Measured, control: Control) -> Sums {
    let base = Script {
        gap: if measured.terminal { 0.5 } else { 2.0 },
        answer: Amount::Around(11.0),
        ask: Amount::Exactly(1),
        prompt: Prompt::Request,
        turns: 1e9,
        pause: 1.0,
        hangs_up: false,
        active: false,
        room: 400,
    };
    let script = if measured.terminal {
        Script {
            answer: Amount::Terminal,
            prompt: Prompt::Keystroke,
            ..base
        }
    } else {
        base
    };
    let (outbound, inbound) = match measured.way {
        Both => (measured.loss, measured.loss),
        Out => (measured.loss, 0.0),
        In => (0.0, measured.loss),
    };
    let loss = Loss {
        outbound,
        inbound,
        burst: 1.0,
        lasting: f64::INFINITY,
    };
    let peers = Group {
        control: Some(control),
        ..group(FLOWS, 1, App::Talk(script))
    }
    .mobile(0.0)
    .loses(0.0, 1.0)
    .rtt(0.04, 0.04)
    .begins(0.0, 1.0)
    .faulty(Fault {
        loss,
        from: f64::NEG_INFINITY,
        until: f64::INFINITY,
        shape: Shape::Step,
        culprit: Culprit::Path,
    });
    sim::sums(&sim::traffic(&[peers], LENGTH, 1).flows)
}
