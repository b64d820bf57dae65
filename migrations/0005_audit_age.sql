CREATE INDEX `audit_age` ON `audit` (`at`);--> statement-breakpoint
-- What is older than two years may go; nothing younger, not even by the application.
DROP TRIGGER `audit_no_delete`;--> statement-breakpoint
CREATE TRIGGER `audit_no_delete` BEFORE DELETE ON `audit` WHEN OLD.at > (unixepoch() - 730 * 86400) * 1000 BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
