-- Every view, row by row in the order of its key: two stores that hold the same give the same.
-- A view that joins the schema joins here (a test compares).

-- name: passage
SELECT * FROM passage ORDER BY passage_id;

-- name: joint_case
SELECT * FROM joint_case ORDER BY case_no;

-- name: case_waiting
SELECT * FROM case_waiting ORDER BY case_no;

-- name: alarm
SELECT * FROM alarm ORDER BY seq;

-- name: case_act
SELECT * FROM case_act ORDER BY seq;

-- name: document
SELECT * FROM document ORDER BY seq;

-- name: recording
SELECT * FROM recording ORDER BY sha256;

-- name: centre_view
SELECT * FROM centre_view ORDER BY topic, name;

-- name: case_filing
SELECT * FROM case_filing ORDER BY case_no, seq;

-- name: clip
SELECT * FROM clip ORDER BY sha256;

-- name: evasion
SELECT * FROM evasion ORDER BY evasion_no;

-- name: driver_answer
SELECT * FROM driver_answer ORDER BY request_seq;
