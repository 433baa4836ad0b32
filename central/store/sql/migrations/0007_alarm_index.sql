-- Whether a node has raised an alarm before is asked for each of its entries after a new edition of
-- the law.
CREATE INDEX alarm_node_code ON alarm (node, code);
