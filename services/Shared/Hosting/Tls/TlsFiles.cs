using System.Diagnostics.Metrics;
using Microservices.Primitives;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Tls;

/// <summary>
/// The certificates that are in force: those of the files of <see cref="TlsOptions"/>, which are read again every 5 s, by their content, since Kubernetes replaces a symbolic link and not
/// the file. While a file is not what it should be, all that was in force before stays, which is logged once. Thread-safe.
/// </summary>
internal sealed partial class TlsFiles : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);
    private readonly TlsOptions options;
    private readonly TimeProvider time;
    private readonly ILogger<TlsFiles> logger;
    private readonly Counter<long> refused;
    private TlsTexts texts;
    private string? problem;
    private volatile Certificates current;

    /// <summary>Reads them for the first time.</summary>
    /// <exception cref="InvalidSettingException">A file is missing or wrong.</exception>
    public TlsFiles(IOptions<TlsOptions> options, IMeterFactory meters, TimeProvider time, ILogger<TlsFiles> logger)
    {
        (this.options, this.time, this.logger) = (options.Value, time, logger);
        texts = TlsTexts.Read(this.options);
        current = Certificates.Of(this.options, texts, time.GetUtcNow());
        var meter = meters.Create("Microservices.Hosting");
        refused = meter.CreateCounter<long>("tls.files.refused", "{reading}", "Readings of the files of Tls that were not taken, since one of them is missing, torn, expired or does not fit another.");
        if (current.Own is not null)
            meter.CreateObservableGauge("tls.certificate.remaining", () => (current.Own!.TargetCertificate.NotAfter.ToUniversalTime() - time.GetUtcNow()).TotalSeconds, "s", "How long the process's certificate is valid still.");
    }

    /// <summary>Those in force.</summary>
    public Certificates Current => current;

    /// <summary>Reads the files, and takes what they have if they are others than before and as they should be.</summary>
    internal void Refresh()
    {
        try
        {
            var read = TlsTexts.Read(options);
            if (read == texts && problem is null)
                return;
            if (read != texts)
            {
                current = Certificates.Of(options, read, time.GetUtcNow());
                texts = read;
                LogReplaced(options.CertificateFile, current.Own?.TargetCertificate.NotAfter.ToUniversalTime());
            }

            problem = null;
        }
        catch (InvalidSettingException exception)
        {
            refused.Add(1);
            if (exception.Message != problem)
                LogRefused(exception.Message);
            problem = exception.Message;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (texts is { Certificate: null, Authorities: null })
            return;
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                Refresh();
        }
        catch (OperationCanceledException)
        {
            // The process stops.
        }
    }

    [LoggerMessage(LogLevel.Information, "New connections have the certificates that the files of Tls have now; that of {File} is valid until {Until}")]
    private partial void LogReplaced(string? file, DateTime? until);

    [LoggerMessage(LogLevel.Warning, "The certificates that were in force before stay in force: {Problem}")]
    private partial void LogRefused(string problem);
}
