using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.Persistence;

/// <summary>How a service keeps its data: section <c>Persistence</c>. Where is <c>ConnectionStrings:Database</c>.</summary>
public sealed class PersistenceOptions : IValidatableObject
{
    /// <summary>The section's name.</summary>
    public const string Section = "Persistence";

    /// <summary>Apply the migrations at start. Default true; false where a job of its own does it, and then the process waits for that.</summary>
    public bool MigrateOnStart { get; set; } = true;

    /// <summary>Apply the migrations and exit, serving nothing: what a migration job does. Default false. Exit code 0 once the database is up to date, else 1.</summary>
    public bool MigrateAndExit { get; set; }

    /// <summary>
    /// How long a starting process tries to reach a PostgreSQL that is away before it gives up and exits. One that runs already waits for as long
    /// as it takes. Default 3 s; 1 s to 1 h.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan UnavailableAfter { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// How long a starting process waits for a database that it reaches to be migrated, by itself or by another replica, before it gives up and
    /// exits. Default 2 min; 1 s to 1 h.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan MigrationTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long one database command may take. Default 30 s; 1 s to 10 min, in whole seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an idempotency key is remembered. Default 1 day; 1 min to 30 days.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "30.00:00:00")]
    public TimeSpan IdempotencyRetention { get; set; } = TimeSpan.FromHours(24);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (CommandTimeout.Ticks % TimeSpan.TicksPerSecond != 0)
            yield return new ValidationResult("must be whole seconds", [nameof(CommandTimeout)]);
    }
}

[OptionsValidator]
internal sealed partial class PersistenceOptionsValidator : IValidateOptions<PersistenceOptions>;
