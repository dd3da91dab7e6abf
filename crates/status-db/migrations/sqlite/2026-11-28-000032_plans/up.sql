-- What steps of builds that run have added to their builds. The value is the engine's own affair.
CREATE TABLE step_plans (
  step BIGINT PRIMARY KEY NOT NULL REFERENCES steps (id),
  body TEXT NOT NULL
);
