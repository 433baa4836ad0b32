-- Statements on accounts and sessions. Neither is part of the ledger. Whom the centre has revoked
-- has no account here and no session, whatever the station's own tables hold.

-- name: put_account
-- ?1 certificate_no, ?2 view
INSERT INTO account (certificate_no, view) VALUES (?1, ?2)
ON CONFLICT (certificate_no) DO UPDATE SET view = excluded.view;

-- name: account
SELECT view FROM account
 WHERE certificate_no = ?1
   AND NOT EXISTS (SELECT 1 FROM centre_view
                    WHERE topic = 'officer_change' AND name = ?1);

-- name: open_session
-- ?1 token_digest, ?2 certificate_no, ?3 began_at, ?4 seen_at
INSERT INTO session (token_digest, certificate_no, began_at, seen_at) VALUES (?1, ?2, ?3, ?4);

-- name: session
SELECT s.token_digest, s.began_at, s.seen_at, a.view
  FROM session s JOIN account a USING (certificate_no)
 WHERE s.token_digest = ?1
   AND NOT EXISTS (SELECT 1 FROM centre_view
                    WHERE topic = 'officer_change' AND name = s.certificate_no);

-- name: sessions
SELECT s.token_digest, s.began_at, s.seen_at, a.view
  FROM session s JOIN account a USING (certificate_no)
 WHERE NOT EXISTS (SELECT 1 FROM centre_view
                    WHERE topic = 'officer_change' AND name = s.certificate_no)
 ORDER BY s.began_at;

-- name: touch_session
-- ?1 token_digest, ?2 seen_at
UPDATE session SET seen_at = ?2 WHERE token_digest = ?1;

-- name: close_session
DELETE FROM session WHERE token_digest = ?1;
