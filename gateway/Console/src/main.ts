import 'uplot/dist/uPlot.min.css';
import './style.css';
import './rows';
import './chart';
import './dialogs';
import './webhookDialogs';
import './app';
