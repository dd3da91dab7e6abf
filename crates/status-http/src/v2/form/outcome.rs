//! What builds leave behind beside logs: data and test results.

use serde_json::Value;
use weir_status_api::{
    BuildData, BuildId, BuilderId, StepId, TestResult, TestResultId, TestResultSet, TestResultSetId,
};

use super::{Fields, Form, FormError, Object};

impl Form for BuildData {
    /// `value` is null, as in Buildbot: the value is read as it is, from the path that ends in `value`.
    fn object(&self) -> Object<'_> {
        Object::new()
            .set("buildid", self.build.0)
            .set("name", self.name.as_str())
            .set("length", self.length)
            .set("value", Value::Null)
            .set("source", self.source.as_str())
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("build_data", value)?;
        Ok(Self {
            build: BuildId(fields.int("buildid")?),
            name: fields.text("name")?,
            length: fields.int("length")?,
            source: fields.text("source")?,
        })
    }
}

impl Form for TestResultSet {
    fn object(&self) -> Object<'_> {
        Object::new()
            .set("test_result_setid", self.id.0)
            .set("builderid", self.builder.0)
            .set("buildid", self.build.0)
            .set("stepid", self.step.0)
            .set("description", self.description.as_ref())
            .set("category", self.category.as_str())
            .set("value_unit", self.value_unit.as_str())
            .set("tests_passed", self.tests_passed)
            .set("tests_failed", self.tests_failed)
            .set("complete", self.complete)
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("test_result_set", value)?;
        Ok(Self {
            id: TestResultSetId(fields.int("test_result_setid")?),
            builder: BuilderId(fields.int("builderid")?),
            build: BuildId(fields.int("buildid")?),
            step: StepId(fields.int("stepid")?),
            description: fields.maybe_text("description")?,
            category: fields.text("category")?,
            value_unit: fields.text("value_unit")?,
            tests_passed: fields.maybe_int("tests_passed")?,
            tests_failed: fields.maybe_int("tests_failed")?,
            complete: fields.flag("complete")?,
        })
    }
}

impl Form for TestResult {
    fn object(&self) -> Object<'_> {
        Object::new()
            .set("test_resultid", self.id.0)
            .set("builderid", self.builder.0)
            .set("test_result_setid", self.set.0)
            .set("test_name", self.test_name.as_ref())
            .set("test_code_path", self.test_code_path.as_ref())
            .set("line", self.line)
            .set("duration_ns", self.duration_ns)
            .set("value", self.value.as_str())
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("test_result", value)?;
        Ok(Self {
            id: TestResultId(fields.int("test_resultid")?),
            builder: BuilderId(fields.int("builderid")?),
            set: TestResultSetId(fields.int("test_result_setid")?),
            test_name: fields.maybe_text("test_name")?,
            test_code_path: fields.maybe_text("test_code_path")?,
            line: fields.maybe_int("line")?,
            duration_ns: fields.maybe_int("duration_ns")?,
            value: fields.text("value")?,
        })
    }
}
