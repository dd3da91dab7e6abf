DROP TABLE step_plans;
