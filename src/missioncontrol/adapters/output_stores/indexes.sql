-- What lines are looked up by. Each index ends with the number of the line, so lines come in order.
CREATE INDEX IF NOT EXISTS lines_by_step ON lines (run, step);
CREATE INDEX IF NOT EXISTS lines_by_agent ON lines (agent) WHERE agent <> '';
-- Most lines are of the level info; who looks for these finds them everywhere.
CREATE INDEX IF NOT EXISTS lines_by_level ON lines (level) WHERE level <> 'info';
