//! One fee that depends on how much was used (`RATING` 3.5).

use super::tiered::check_limits;
use super::{Draft, Measure, Pricing};
use crate::RatingError;
use crate::carry::Carried;
use crate::exact::Exact;
use crate::how::{How, StepHow};
use crate::reader::{At, Fields, Problems};
use crate::scene::Scene;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stairstep {
    measure: Measure,
    steps: Vec<Step>,
}

/// A fee up to a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// `None` = no limit.
    pub(super) up_to: Option<Exact>,
    pub(super) fee: Exact,
}

/// The steps of a charge.
pub(super) fn read_steps(at: &At<'_>, problems: &mut Problems) -> Option<Vec<Step>> {
    let steps = at.several(problems, |at, problems| {
        let mut fields = at.object(problems)?;
        let up_to = fields.maybe("up_to", problems, |at, problems| at.number(problems));
        let fee = fields.number("fee", problems);
        fields.finish(problems);
        Some(Step {
            up_to: up_to?,
            fee: fee?,
        })
    })?;
    check_limits(at, steps.iter().map(|step| step.up_to.as_ref()), problems);
    Some(steps)
}

/// The first step that reaches, and its fee.
pub(super) fn reached(steps: &[Step], reaches: impl Fn(&&Step) -> bool) -> Option<(StepHow, Exact)> {
    let index = steps.iter().position(|step| reaches(&step))?;
    let step = steps.get(index)?;
    let before = index.checked_sub(1).and_then(|before| steps.get(before));
    let how = StepHow {
        above: before.and_then(|step| step.up_to.clone()),
        up_to: step.up_to.clone(),
    };
    Some((how, step.fee.clone()))
}

impl Stairstep {
    pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let measure = Measure::read(fields, problems);
        let steps = fields
            .need("steps", problems)
            .and_then(|at| read_steps(&at, problems));
        Some(Self {
            measure: measure?,
            steps: steps?,
        })
    }
}

impl Pricing for Stairstep {
    fn measures(&self) -> Vec<Measure> {
        vec![self.measure.clone()]
    }

    fn limits_a_cycle(&self) -> bool {
        true
    }

    fn takes_reads(&self) -> bool {
        true
    }

    fn lines(&self, scene: &Scene<'_>, _: &mut Carried) -> Result<Vec<Draft>, RatingError> {
        let sum = scene.sum_of(&self.measure, None)?;
        let reaches = |step: &&Step| step.up_to.as_ref().is_none_or(|up_to| sum.kwh <= *up_to);
        let (step, fee) = reached(&self.steps, reaches)
            .ok_or_else(|| RatingError::not_priced(scene.charge, "no step is high enough"))?;
        let kwh = sum.kwh.clone();
        let how = How::Step {
            source: sum,
            step: Box::new(step),
        };
        Ok(vec![Draft::of(kwh, self.measure.register.unit(), fee, how)])
    }
}
