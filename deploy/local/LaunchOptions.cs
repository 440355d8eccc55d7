namespace Microservices.Local;

/// <summary>What the command line asks for, checked.</summary>
internal sealed record LaunchOptions
{
    /// <summary>Where the services keep their files, as a full path.</summary>
    public required string Data { get; init; }

    /// <summary>HOST:PORT of a Redis to use instead of the embedded one.</summary>
    public string? Redis { get; init; }

    /// <summary>Npgsql's connection string of a PostgreSQL to use instead of SQLite files.</summary>
    public string? Postgres { get; init; }

    /// <summary>How many processes a service runs as, where that is not one.</summary>
    public required IReadOnlyDictionary<string, int> Replicas { get; init; }

    /// <summary>How long the services may take to become ready.</summary>
    public required TimeSpan ReadyTimeout { get; init; }

    /// <summary>Whether Aspire's dashboard runs, and the services send it their telemetry.</summary>
    public required bool Dashboard { get; init; }

    /// <summary>Whether every port but the management ports speaks TLS, and services know each other by certificates.</summary>
    public bool Tls { get; init; }

    /// <summary>The process with whose end the suite stops; null for none.</summary>
    public int? Parent { get; init; }
}
