-- What the centre's own ledger told of permits (超限运输车辆通行证): a finding that rests on one is held
-- against it. said: the payload of entry seq, as JSON.
CREATE TABLE permit (
    seq       bigint PRIMARY KEY,
    permit_no text   NOT NULL,
    said      text   NOT NULL
);
CREATE INDEX permit_by_no ON permit (permit_no, seq);
