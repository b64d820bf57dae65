CREATE TABLE `grants` (
	`id` text PRIMARY KEY NOT NULL,
	`org` text,
	`project` text,
	`source` text,
	`connector` text NOT NULL,
	`config` text NOT NULL,
	`account` text NOT NULL,
	`account_id` text NOT NULL,
	`connected_at` integer NOT NULL,
	`tokens` text,
	`claim` text,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	`tries` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `grants_claim` ON `grants` (`claim`) WHERE claim is not null;--> statement-breakpoint
CREATE INDEX `grants_source` ON `grants` (`source`);--> statement-breakpoint
CREATE INDEX `grants_account` ON `grants` (`connector`,`account_id`);--> statement-breakpoint
CREATE INDEX `grants_expiry` ON `grants` (`expires_at`) WHERE expires_at is not null;--> statement-breakpoint
CREATE TABLE `oauth_states` (
	`hash` text PRIMARY KEY NOT NULL,
	`connector` text NOT NULL,
	`purpose` text NOT NULL,
	`org` text,
	`project` text,
	`source` text,
	`config` text NOT NULL,
	`client` text NOT NULL,
	`verifier` text,
	`browser` text NOT NULL,
	`actor` text NOT NULL,
	`expires_at` integer NOT NULL,
	`used_at` integer
);
--> statement-breakpoint
CREATE INDEX `oauth_states_expiry` ON `oauth_states` (`expires_at`);--> statement-breakpoint
CREATE TABLE `settings` (
	`org` text NOT NULL,
	`project` text NOT NULL,
	`oauth_clients` text NOT NULL,
	`updated_by` text NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`org`, `project`)
);
--> statement-breakpoint
ALTER TABLE `sources` ADD `grant_id` text;