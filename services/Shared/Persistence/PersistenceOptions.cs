using System.ComponentModel.DataAnnotations;

namespace Microservices.Persistence;

/// <summary>How a service keeps its data: section <c>Persistence</c>. Where is <c>ConnectionStrings:Database</c>.</summary>
public sealed class PersistenceOptions : IValidatableObject
{
    /// <summary>Apply the migrations at start. Default true; false where a job of its own does it, and then the process waits for that.</summary>
    public bool MigrateOnStart { get; set; } = true;

    /// <summary>Apply the migrations and exit, serving nothing: what a migration job does. Default false. Exit code 0 once the database is up to date, else 1.</summary>
    public bool MigrateAndExit { get; set; }

    /// <summary>
    /// How long a starting process waits for the database to be reachable and migrated, by itself or by another replica, before it
    /// gives up and exits. Default 2 min; 1 s to 1 h.
    /// </summary>
    public TimeSpan MigrationTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long one database command may take. Default 30 s; 1 s to 10 min, in whole seconds.</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an idempotency key is remembered. Default 24 h; 1 min to 30 days.</summary>
    public TimeSpan IdempotencyRetention { get; set; } = TimeSpan.FromHours(24);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (MigrationTimeout < TimeSpan.FromSeconds(1) || MigrationTimeout > TimeSpan.FromHours(1))
            yield return new ValidationResult("Persistence:MigrationTimeout must be from 00:00:01 to 01:00:00", [nameof(MigrationTimeout)]);
        if (CommandTimeout < TimeSpan.FromSeconds(1) || CommandTimeout > TimeSpan.FromMinutes(10) || CommandTimeout.Ticks % TimeSpan.TicksPerSecond != 0)
            yield return new ValidationResult("Persistence:CommandTimeout must be from 00:00:01 to 00:10:00, in whole seconds", [nameof(CommandTimeout)]);
        if (IdempotencyRetention < TimeSpan.FromMinutes(1) || IdempotencyRetention > TimeSpan.FromDays(30))
            yield return new ValidationResult("Persistence:IdempotencyRetention must be from 00:01:00 to 30.00:00:00", [nameof(IdempotencyRetention)]);
    }
}
