CREATE TABLE `former_sources` (
	`org` text NOT NULL,
	`project` text NOT NULL,
	`source` text PRIMARY KEY NOT NULL,
	`hash` text NOT NULL,
	`key_id` text NOT NULL,
	`deleted_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`bookmark` text
);
--> statement-breakpoint
CREATE INDEX `former_sources_hash` ON `former_sources` (`org`,`project`,`hash`);--> statement-breakpoint
CREATE INDEX `former_sources_expiry` ON `former_sources` (`expires_at`);--> statement-breakpoint
ALTER TABLE `sources` ADD `again` text;--> statement-breakpoint
ALTER TABLE `sources` ADD `continues` integer;--> statement-breakpoint
ALTER TABLE `sources` ADD `bookmark` text;