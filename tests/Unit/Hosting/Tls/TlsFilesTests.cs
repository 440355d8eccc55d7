using System.Diagnostics.Metrics;
using Microservices.Hosting.Tls;
using Microservices.Primitives;
using Microservices.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Hosting.Tls;

/// <summary>The files of certificates, as they are replaced while a process runs.</summary>
public sealed class TlsFilesTests : IDisposable
{
    private readonly TestCa ca = new();
    private readonly TlsDirectory directory;
    private readonly Log log = new();
    private readonly FakeTimeProvider time = new(DateTimeOffset.UtcNow);
    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    public TlsFilesTests() => directory = new("orders", ca);

    public void Dispose()
    {
        services.Dispose();
        directory.Dispose();
        ca.Dispose();
    }

    [Fact]
    public void What_has_replaced_them_is_in_force()
    {
        using var files = Read();
        var before = files.Current;

        files.Refresh();
        Assert.Same(before, files.Current);
        directory.Replace(ca.Issue("orders"), ca.Pem);
        files.Refresh();

        Assert.NotEqual(before.Own!.TargetCertificate.Thumbprint, files.Current.Own!.TargetCertificate.Thumbprint);
        Assert.Empty(log.Warnings);
    }

    public static TheoryData<string, string> Damages => new()
    {
        { "a key that is not the certificate's", "Tls:KeyFile must be a file with the private key (PEM) of the certificate" },
        { "a torn certificate", "Tls:CertificateFile must be a file with the process's certificate (PEM)" },
        { "an empty certificate", "Tls:CertificateFile must be a file with the process's certificate (PEM)" },
        { "a torn key", "Tls:KeyFile must be a file with the private key (PEM) of the certificate" },
        { "an authority of two that is torn", "Tls:CaFile must be a file with certificates of certificate authorities (PEM)" },
        { "no authority", "Tls:CaFile must be a file with certificates of certificate authorities (PEM)" },
        { "an expired certificate", "Tls:CertificateFile must be a certificate that is valid now" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void What_is_torn_or_does_not_fit_leaves_those_in_force_and_is_told_once(string damage, string problem)
    {
        using var files = Read();
        var refused = 0L;
        var meters = services.GetRequiredService<IMeterFactory>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Name == "tls.files.refused" && instrument.Meter.Scope == meters)
                listener.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => refused += value);
        listener.Start();
        var before = files.Current;
        var good = ca.Issue("orders");

        Damage(damage, good);
        files.Refresh();
        files.Refresh();

        Assert.Same(before, files.Current);
        Assert.Contains(problem, Assert.Single(log.Warnings), StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE", log.Warnings[0], StringComparison.Ordinal);
        Assert.Equal(2, refused);

        directory.Replace(good, ca.Pem);
        files.Refresh();
        Assert.NotSame(before, files.Current);
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_process_does_not_start_with_them(string damage, string problem)
    {
        Damage(damage, ca.Issue("orders"));

        Assert.StartsWith(problem, Assert.Throws<InvalidSettingException>(Read).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        var options = Options(directory);
        options.CaFile = "/nowhere/ca.crt";

        var thrown = Assert.Throws<InvalidSettingException>(() => Read(options));

        Assert.StartsWith("Tls:CaFile must be a file that this process can read, but '/nowhere/ca.crt' cannot be read", thrown.Message, StringComparison.Ordinal);
    }

    private void Damage(string damage, (string Certificate, string Key) good) => directory.Replace(
        damage switch
        {
            "a key that is not the certificate's" => (good.Certificate, ca.Issue("orders").Key),
            "a torn certificate" => (Half(good.Certificate), good.Key),
            "an empty certificate" => ("", good.Key),
            "a torn key" => (good.Certificate, Half(good.Key)),
            "an expired certificate" => ca.Issue("orders", TimeSpan.FromDays(-1)),
            _ => good,
        },
        damage switch
        {
            "an authority of two that is torn" => ca.Pem + Half(ca.Pem),
            "no authority" => "none",
            _ => ca.Pem,
        });

    private TlsFiles Read() => Read(Options(directory));

    private TlsFiles Read(TlsOptions options) => new(Microsoft.Extensions.Options.Options.Create(options), services.GetRequiredService<IMeterFactory>(), time, log);

    private static TlsOptions Options(TlsDirectory directory) =>
        new() { CertificateFile = directory.Settings["Tls:CertificateFile"], KeyFile = directory.Settings["Tls:KeyFile"], CaFile = directory.Settings["Tls:CaFile"] };

    private static string Half(string text) => text[..(text.Length / 2)];

    private sealed class Log : ILogger<TlsFiles>
    {
        public List<string> Warnings { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel == LogLevel.Warning)
                Warnings.Add(formatter(state, exception));
        }
    }
}
