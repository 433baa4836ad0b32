-- Statements on accounts and sessions. Neither is part of the ledger. Who is revoked, here or by the
-- centre, has no account and no session, whatever the tables hold beside; nor who is not confirmed.

-- name: put_account
-- ?1 certificate_no, ?2 view
INSERT INTO account (certificate_no, view) VALUES (?1, ?2)
ON CONFLICT (certificate_no) DO UPDATE SET view = excluded.view;

-- name: fresh_state
-- Whoever makes an account anew: neither locked nor revoked. ?1 certificate_no
INSERT INTO account_state (certificate_no) VALUES (?1)
ON CONFLICT (certificate_no) DO UPDATE SET last_step = -1, wrong_codes = 0, revoked = 0;

-- name: wait_for_confirmation
-- ?1 certificate_no
INSERT INTO account_unconfirmed (certificate_no) VALUES (?1) ON CONFLICT DO NOTHING;

-- name: confirm
-- Gives no row when it does not wait. ?1 certificate_no
DELETE FROM account_unconfirmed WHERE certificate_no = ?1 RETURNING 1;

-- name: account
SELECT view FROM account
 WHERE certificate_no = ?1
   AND NOT EXISTS (SELECT 1 FROM account_state r WHERE r.certificate_no = ?1 AND r.revoked)
   AND NOT EXISTS (SELECT 1 FROM account_unconfirmed WHERE certificate_no = ?1)
   AND NOT EXISTS (SELECT 1 FROM centre_view
                    WHERE topic = 'officer_change' AND name = ?1);

-- name: codes
-- ?1 certificate_no
SELECT last_step, wrong_codes FROM account_state WHERE certificate_no = ?1;

-- name: take_step
-- Gives no row when its code, or a later one, was taken (station/domain/totp.py: is_used).
-- None either when so many codes were wrong meanwhile that the account is locked.
-- ?1 certificate_no, ?2 step, ?3 the newest last_step that counts, ?4 wrong codes that lock
INSERT INTO account_state (certificate_no, last_step) VALUES (?1, ?2)
ON CONFLICT (certificate_no) DO UPDATE SET last_step = ?2, wrong_codes = 0
      WHERE last_step NOT BETWEEN ?2 AND ?3 AND wrong_codes < ?4
RETURNING 1;

-- name: wrong_code
-- ?1 certificate_no
INSERT INTO account_state (certificate_no, wrong_codes) VALUES (?1, 1)
ON CONFLICT (certificate_no) DO UPDATE SET wrong_codes = wrong_codes + 1;

-- name: open_session
-- ?1 token_digest, ?2 certificate_no, ?3 began_at, ?4 seen_at
INSERT INTO session (token_digest, certificate_no, began_at, seen_at) VALUES (?1, ?2, ?3, ?4);

-- name: session
SELECT s.token_digest, s.began_at, s.seen_at, a.view
  FROM session s JOIN account a USING (certificate_no)
 WHERE s.token_digest = ?1
   AND NOT EXISTS (SELECT 1 FROM account_state r
                    WHERE r.certificate_no = s.certificate_no AND r.revoked)
   AND NOT EXISTS (SELECT 1 FROM centre_view
                    WHERE topic = 'officer_change' AND name = s.certificate_no);

-- name: sessions
SELECT s.token_digest, s.began_at, s.seen_at, a.view
  FROM session s JOIN account a USING (certificate_no)
 WHERE NOT EXISTS (SELECT 1 FROM account_state r
                    WHERE r.certificate_no = s.certificate_no AND r.revoked)
   AND NOT EXISTS (SELECT 1 FROM centre_view
                    WHERE topic = 'officer_change' AND name = s.certificate_no)
 ORDER BY s.began_at;

-- name: touch_session
-- ?1 token_digest, ?2 seen_at
UPDATE session SET seen_at = ?2 WHERE token_digest = ?1;

-- name: close_session
DELETE FROM session WHERE token_digest = ?1;

-- name: end_sessions
-- ?1 certificate_no
DELETE FROM session WHERE certificate_no = ?1;

-- name: standings
SELECT a.view, coalesce(r.wrong_codes, 0), coalesce(r.revoked, 0) OR EXISTS (
           SELECT 1 FROM centre_view WHERE topic = 'officer_change' AND name = a.certificate_no),
       a.certificate_no IN (SELECT certificate_no FROM account_unconfirmed)
  FROM account a LEFT JOIN account_state r USING (certificate_no)
 ORDER BY a.certificate_no;

-- name: revoke
-- ?1 certificate_no
INSERT INTO account_state (certificate_no, revoked) VALUES (?1, 1)
ON CONFLICT (certificate_no) DO UPDATE SET revoked = 1;

-- name: unlock
-- ?1 certificate_no
UPDATE account_state SET wrong_codes = 0 WHERE certificate_no = ?1;
