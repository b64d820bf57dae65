CREATE TABLE `audit` (
	`org` text NOT NULL,
	`project` text NOT NULL,
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at` integer NOT NULL,
	`actor` text NOT NULL,
	`action` text NOT NULL,
	`subject` text NOT NULL,
	`detail` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audit_list` ON `audit` (`org`,`project`,`id`);--> statement-breakpoint
CREATE TABLE `destinations` (
	`org` text NOT NULL,
	`project` text NOT NULL,
	`target` text NOT NULL,
	`version` integer NOT NULL,
	`updated_by` text NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`org`, `project`)
);
--> statement-breakpoint
CREATE TABLE `idempotency` (
	`org` text NOT NULL,
	`project` text NOT NULL,
	`key` text NOT NULL,
	`request` text NOT NULL,
	`made` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`org`, `project`, `key`)
);
--> statement-breakpoint
CREATE INDEX `idempotency_age` ON `idempotency` (`at`);--> statement-breakpoint
CREATE TABLE `metrics` (
	`org` text NOT NULL,
	`project` text NOT NULL,
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`definition` text NOT NULL,
	`source` text,
	`template` text,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `metrics_template` ON `metrics` (`source`,`template`) WHERE template is not null;--> statement-breakpoint
CREATE INDEX `metrics_list` ON `metrics` (`org`,`project`,`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `segments` (
	`org` text NOT NULL,
	`project` text NOT NULL,
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`definition` text NOT NULL,
	`source` text,
	`template` text,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `segments_template` ON `segments` (`source`,`template`) WHERE template is not null;--> statement-breakpoint
CREATE INDEX `segments_list` ON `segments` (`org`,`project`,`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `sources` (
	`org` text NOT NULL,
	`project` text NOT NULL,
	`id` text PRIMARY KEY NOT NULL,
	`connector` text NOT NULL,
	`account_id` text,
	`account_name` text,
	`account_mode` text,
	`name` text NOT NULL,
	`config` text NOT NULL,
	`collections` text NOT NULL,
	`identity` text NOT NULL,
	`start_date` integer NOT NULL,
	`interval_hours` integer NOT NULL,
	`active` integer NOT NULL,
	`status` text NOT NULL,
	`status_code` text,
	`status_message` text,
	`status_at` integer NOT NULL,
	`version` integer NOT NULL,
	`credential` text,
	`credential_version` integer NOT NULL,
	`destination` text,
	`destination_version` integer NOT NULL,
	`check_after` integer,
	`connected_at` integer,
	`missing` text NOT NULL,
	`templates` text NOT NULL,
	`expires_at` integer,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`deleted_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `sources_account` ON `sources` (`org`,`project`,`connector`,`account_id`,`account_mode`) WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX `sources_list` ON `sources` (`org`,`project`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `sources_watch` ON `sources` (`check_after`) WHERE check_after is not null;--> statement-breakpoint
CREATE INDEX `sources_expiry` ON `sources` (`expires_at`) WHERE expires_at is not null;